package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

// probe gets a URL. Its value is how many seconds it took until the answer was there, with as much of it as is read.
func (s Sources) probe(ctx context.Context, watch config.Watch) (seen promote.Observation, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, watch.HTTP, nil)
	if err != nil {
		return seen, errors.New("the URL cannot be asked")
	}
	request.Header.Set("User-Agent", "trunkline")
	now := s.Now
	if now == nil {
		now = time.Now
	}
	began := now()
	response, err := s.client(watch.Headers).Do(request)
	if err != nil {
		return seen, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil && !errors.Is(err, errTooLarge) {
		return seen, fmt.Errorf("the answer broke off: %w", err)
	}
	seen.Status = response.StatusCode
	seen.Readings = []promote.Reading{{Value: now().Sub(began).Seconds()}}
	if seen.Status < 200 || seen.Status > 399 {
		seen.Said = beginning(string(text))
	}
	return seen, nil
}

// mostSaid is how many letters of what a source says are shown.
const mostSaid = 300

// beginning is the first line of a text that people can read; empty where it is none.
func beginning(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if strings.HasPrefix(line, "<") || strings.ContainsFunc(line, func(r rune) bool {
		return r == unicode.ReplacementChar || !unicode.IsPrint(r) && r != '\t' && r != '\r'
	}) {
		return ""
	}
	if letters := []rune(strings.TrimSpace(line)); len(letters) > mostSaid {
		return string(letters[:mostSaid]) + "…"
	}
	return strings.TrimSpace(line)
}
