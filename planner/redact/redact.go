// Package redact takes secrets out of text that leaves the host.
//
// It knows secrets by value, which is certain, and by shape, which catches those that nobody told us of. It is the
// last door before text is stored, and it takes nothing back: what a shape takes for a secret is lost. Text that was
// redacted stays as it is when it is redacted again.
package redact

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
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
type Redactor struct{ values *strings.Replacer }

// New returns a redactor that knows the values besides the shapes of tokens. Values of less than 6 characters are
// left out: they stand in too many places that are no secrets. The encodings in which a value may turn up (base64, a
// URL, JSON) are known too, and so is each line of a value of several lines.
func New(values ...string) *Redactor {
	var known []string
	for _, value := range values {
		known = append(known, value, strings.TrimSpace(value), url.QueryEscape(value), url.PathEscape(value),
			base64.StdEncoding.EncodeToString([]byte(value)), base64.RawURLEncoding.EncodeToString([]byte(value)),
			strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(value, `\`, `\\`), `"`, `\"`), "\n", `\n`))
		if lines := strings.Split(strings.TrimSpace(value), "\n"); len(lines) > 1 {
			for _, line := range lines {
				if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
					known = append(known, line)
				}
			}
		}
	}
	known = slices.DeleteFunc(known, func(value string) bool { return len(value) < 6 })
	// The longest first: a secret that holds another is taken out whole.
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(known))
	for _, value := range known {
		pairs = append(pairs, value, Mark)
	}
	return &Redactor{values: strings.NewReplacer(pairs...)}
}

// Redact returns the text without secrets.
func (r *Redactor) Redact(text string) string {
	text = r.values.Replace(text)
	for _, shape := range shapes {
		text = shape.ReplaceAllString(text, replacement(shape))
	}
	return text
}
