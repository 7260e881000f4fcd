package bot

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// conditional asks GitHub whether what it answered before still holds, where it gave a tag: an answer that does (304) costs
// nothing of the calls of the hour. Whether it holds is always asked. What was answered to one token is given to no other.
// https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
type conditional struct {
	mu    sync.Mutex
	known map[question]remembered
	order []question // oldest first
}

// question is what was asked, with which proof, and in which form the answer was wanted.
type question struct{ url, authorization, accept string }

type remembered struct {
	header http.Header
	body   []byte
	tag    string
}

const (
	// mostRemembered answers are kept of one installation, none larger than so many bytes.
	mostRemembered     = 100
	mostRememberedSize = 64 << 10
)

// asking makes reads by next, with the tags of what is known.
func (c *conditional) asking(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet || r.Header.Get("If-None-Match") != "" {
			return next.RoundTrip(r)
		}
		q := question{r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Accept")}
		c.mu.Lock()
		before, known := c.known[q]
		c.mu.Unlock()
		if known {
			r = r.Clone(r.Context())
			r.Header.Set("If-None-Match", before.tag)
		}
		response, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		if known && response.StatusCode == http.StatusNotModified {
			return before.again(response), nil
		}
		return response, c.remember(q, response)
	})
}

// again is the answer that holds still, with the headers of the newer one.
func (m remembered) again(newer *http.Response) *http.Response {
	newer.Body.Close()
	answer := *newer
	answer.Status, answer.StatusCode = "200 OK", http.StatusOK
	answer.Header = m.header.Clone()
	for name, values := range newer.Header {
		answer.Header[name] = values
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(m.body)), int64(len(m.body))
	return &answer
}

// remember keeps an answer with a tag, and gives its body back to whoever reads it.
func (c *conditional) remember(q question, response *http.Response) error {
	tag := response.Header.Get("Etag")
	if response.StatusCode != http.StatusOK || tag == "" || response.ContentLength > mostRememberedSize {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, mostRememberedSize+1))
	rest := response.Body
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), rest}
	if err != nil || len(body) > mostRememberedSize {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[question]remembered{}
	}
	if _, known := c.known[q]; !known {
		if c.order = append(c.order, q); len(c.order) > mostRemembered {
			delete(c.known, c.order[0])
			c.order = c.order[1:]
		}
	}
	c.known[q] = remembered{header: response.Header.Clone(), body: body, tag: tag}
	return nil
}
