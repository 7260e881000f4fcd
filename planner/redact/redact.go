// Package redact takes secrets out of text that leaves the host.
//
// It knows secrets by value, which is certain, and by shape, which catches those that nobody told us of. It is the
// last door before text is stored, and it takes nothing back: what a shape takes for a secret is lost. Text that was
// redacted stays as it is when it is redacted again.
package redact

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Mark stands where a secret was.
const Mark = "[redacted]"

// shapes of tokens and keys.
var shapes = []*regexp.Regexp{
	// Private keys, whole; also one whose end is missing because the text was cut.
	regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----|$)`),
	// GitHub: classic, fine-grained, and installation tokens in their short and in their long form, which is a
	// prefix and a JSON web token.
	regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9_.\-]{16,}`),
	regexp.MustCompile(`\bgithub_pat_[A-Za-z0-9_]{22,}`),
	regexp.MustCompile(`\bv1\.[0-9a-f]{40}\b`),
	// JSON web tokens.
	regexp.MustCompile(`\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*`),
	// AWS: key ids, and secret keys where they are named.
	regexp.MustCompile(`\b(AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b`),
	regexp.MustCompile(`(?i)(\baws_?(?:secret|session)_?[a-z_]*["']?\s*[:=]\s*["']?)[A-Za-z0-9/+=]{40,}`),
	// Others that people keep next to their infrastructure.
	regexp.MustCompile(`\bAIza[A-Za-z0-9_\-]{35}`),
	regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9\-]{10,}`),
	regexp.MustCompile(`\bgl(?:pat|ptt|dt|rt)-[A-Za-z0-9_\-]{20,}`),
	regexp.MustCompile(`\b(?:hvs|hvb|hvr)\.[A-Za-z0-9_\-]{20,}`),
	// Headers and URLs that carry credentials.
	regexp.MustCompile(`(?i)(\bauthorization["']?\s*[:=]\s*["']?(?:basic|bearer|token)\s+)[A-Za-z0-9+/=._~\-]{8,}`),
	regexp.MustCompile(`(\b[a-z][a-z0-9+.\-]*://[^\s/:@'"]*:)[^\s/@'"]+@`),
}

// replacements keep what stands around the secret, where the shape has a group for it.
func replacement(shape *regexp.Regexp) string {
	switch {
	case strings.HasSuffix(shape.String(), "@"):
		return "${1}" + Mark + "@"
	case strings.HasPrefix(shape.String(), "(?i)("):
		return "${1}" + Mark
	default:
		return Mark
	}
}

// Redactor takes secrets out of text. It is safe for concurrent use.
type Redactor struct {
	values atomic.Pointer[strings.Replacer]

	mu       sync.Mutex
	patterns []string // of the values that New was given
	hidden   map[string]int
	released []string // values that nobody hides any more, the oldest first
}

// shortest is the least length of a value, or an encoding of one, that New takes: what is shorter stands in too many
// places that are no secrets.
const shortest = 6

// ShortestHidden is the least length, in bytes, of a value that [Redactor.Hide] can hide.
const ShortestHidden = 4

// mostReleased values are kept hidden after they were released.
const mostReleased = 256

// New returns a redactor that knows the values besides the shapes of tokens. Values of less than 6 characters are
// left out. The encodings in which a value may turn up are known too, and so is each line of a value of several lines.
func New(values ...string) *Redactor {
	r := &Redactor{hidden: map[string]int{}}
	for _, value := range values {
		for _, pattern := range forms(value) {
			if len(pattern) >= shortest {
				r.patterns = append(r.patterns, pattern)
			}
		}
	}
	r.rebuild()
	return r
}

// Hide makes further values known, which may be shorter than those of New, down to [ShortestHidden]. They are hidden at
// least until release is called, which may be called more than once. The last of those that were released stay hidden: an
// old password may still stand in a state or in a log.
func (r *Redactor) Hide(values ...string) (release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	grown := false
	for _, value := range values {
		if r.hidden[value]++; r.hidden[value] == 1 {
			before := len(r.released)
			r.released = slices.DeleteFunc(r.released, func(old string) bool { return old == value })
			grown = grown || len(r.released) == before
		}
	}
	if grown {
		r.rebuild()
	}
	values = slices.Clone(values)
	return sync.OnceFunc(func() { r.release(values) })
}

func (r *Redactor) release(values []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, value := range values {
		if r.hidden[value]--; r.hidden[value] == 0 {
			delete(r.hidden, value)
			r.released = append(r.released, value)
		}
	}
	if more := len(r.released) - mostReleased; more > 0 {
		r.released = slices.Delete(r.released, 0, more)
		r.rebuild()
	}
}

// rebuild makes the replacer of all that is known. The caller holds mu.
func (r *Redactor) rebuild() {
	known := slices.Clone(r.patterns)
	for _, value := range slices.Concat(slices.Collect(maps.Keys(r.hidden)), r.released) {
		known = append(known, hiddenForms(value)...)
	}
	// What is part of the mark would be taken out of it over and over.
	known = slices.DeleteFunc(known, func(pattern string) bool { return strings.Contains(Mark, pattern) })
	// The longest first: a secret that holds another is taken out whole.
	slices.SortFunc(known, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	known = slices.Compact(known)
	pairs := make([]string, 0, 2*len(known))
	for _, value := range known {
		pairs = append(pairs, value, Mark)
	}
	r.values.Store(strings.NewReplacer(pairs...))
}

// Redact returns the text without secrets.
func (r *Redactor) Redact(text string) string {
	text = r.values.Load().Replace(text)
	for _, shape := range shapes {
		text = shape.ReplaceAllString(text, replacement(shape))
	}
	return text
}
