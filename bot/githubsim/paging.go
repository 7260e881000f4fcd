package githubsim

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// page cuts a list to the page that is asked for and writes the Link header
// that leads to the others. wrap puts the cut list into the answer.
func page[T any](c *call, all []T, wrap func([]T) any) (reply, error) {
	return paged(c, all, pageSize{usual: 30, most: 100}, wrap)
}

// pageSize is how many entries a page has where nothing is said, and at most.
type pageSize struct{ usual, most int }

// paged is page for lists whose pages are smaller than those of others.
func paged[T any](c *call, all []T, sizes pageSize, wrap func([]T) any) (reply, error) {
	size := min(c.queryNumber("per_page", sizes.usual), sizes.most)
	if size < 1 {
		size = sizes.usual
	}
	number := max(c.queryNumber("page", 1), 1)
	last := max((len(all)+size-1)/size, 1)
	from := min((number-1)*size, len(all))
	cut := all[from:min(from+size, len(all))]
	answer := reply{status: http.StatusOK, body: wrap(cut), header: http.Header{}}
	var links []string
	add := func(to int, relation string) {
		query := c.request.URL.Query()
		query.Set("page", strconv.Itoa(to))
		target := c.gh.url + c.request.URL.EscapedPath() + "?" + query.Encode()
		links = append(links, fmt.Sprintf(`<%s>; rel="%s"`, target, relation))
	}
	if number > 1 {
		add(min(number-1, last), "prev")
	}
	if number < last {
		add(number+1, "next")
		add(last, "last")
	}
	if number > 1 {
		add(1, "first")
	}
	if len(links) > 0 {
		answer.header.Set("Link", strings.Join(links, ", "))
	}
	return answer, nil
}

// shown renders each element of a list; an empty list is [] and not null.
func shown[T any](list []T, show func(T) map[string]any) []any {
	out := make([]any, 0, len(list))
	for _, one := range list {
		out = append(out, show(one))
	}
	return out
}

// listed pages a list that is answered as a bare array.
func listed[T any](c *call, all []T, show func(T) map[string]any) (reply, error) {
	return page(c, all, func(cut []T) any { return shown(cut, show) })
}

// counted pages a list that is answered with its total.
func counted[T any](c *call, all []T, key string, show func(T) map[string]any) (reply, error) {
	return page(c, all, func(cut []T) any {
		return map[string]any{"total_count": len(all), key: shown(cut, show)}
	})
}

func (c *call) query() url.Values { return c.request.URL.Query() }

func (c *call) queryNumber(name string, otherwise int) int {
	if found, err := strconv.Atoi(c.query().Get(name)); err == nil {
		return found
	}
	return otherwise
}
