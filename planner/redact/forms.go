package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"unicode"
)

// forms are the texts in which a value may turn up: itself, its lines, and how it is written in other languages.
func forms(value string) []string {
	trimmed := strings.TrimSpace(value)
	all := append([]string{value, trimmed}, lines(value)...)
	for _, text := range []string{value, trimmed} {
		all = append(all, encodings(text)...)
	}
	return all
}

// hiddenForms are those of a value that is to be hidden though it may be short. Its encodings are not to be as short.
func hiddenForms(value string) (all []string) {
	trimmed := strings.TrimSpace(value)
	for _, plain := range append([]string{value, trimmed}, lines(value)...) {
		if len(plain) >= ShortestHidden {
			all = append(all, plain)
		}
	}
	for _, text := range []string{value, trimmed} {
		for _, encoded := range encodings(text) {
			if len(encoded) >= shortest || len(encoded) > len(trimmed) && len(encoded) >= ShortestHidden {
				all = append(all, encoded)
			}
		}
	}
	return all
}

// lines of a value of several lines, save those that say nothing: brackets, and the frame of a key.
func lines(value string) (all []string) {
	split := strings.Split(strings.TrimSpace(value), "\n")
	if len(split) < 2 {
		return nil
	}
	for _, line := range split {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "-----") && strings.ContainsFunc(line, func(char rune) bool { return unicode.IsLetter(char) || unicode.IsDigit(char) }) {
			all = append(all, line)
		}
	}
	return all
}

// encodings are how a value is written in URLs, JSON, HTML, HCL and shell, and in base64 and hexadecimal digits.
func encodings(value string) []string {
	if value == "" {
		return nil
	}
	query := url.QueryEscape(value)
	percent := strings.ReplaceAll(query, "+", "%20")
	all := []string{query, percent, url.PathEscape(value), strings.ReplaceAll(percent, "%2F", "/"), lowerPercent(query), lowerPercent(percent),
		inJSON(value, true), inJSON(value, false), html.EscapeString(value),
		strings.NewReplacer("${", "$${", "%{", "%%{").Replace(inJSON(value, false)),
		strings.ReplaceAll(value, `'`, `'\''`), strings.ReplaceAll(value, `'`, `'"'"'`),
		hex.EncodeToString([]byte(value)), strings.ToUpper(hex.EncodeToString([]byte(value)))}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		all = append(all, inBase64(value, encoding)...)
	}
	return all
}

// inBase64 is the value in base64 by itself, cut into lines as programs do, and as a part of something longer: of the
// characters there, those that it alone determines.
func inBase64(value string, encoding *base64.Encoding) []string {
	whole := encoding.EncodeToString([]byte(value))
	all := []string{whole, strings.TrimRight(whole, "=")}
	for _, width := range []int{64, 76} {
		for at := 0; at+width < len(whole); at += width {
			all = append(all, whole[at:at+width])
		}
	}
	for before, undetermined := range []int{0, 2, 3} {
		encoded := encoding.EncodeToString(append(make([]byte, before), value...))
		if determined := (before + len(value)) * 8 / 6; determined > undetermined {
			all = append(all, encoded[undetermined:determined])
		}
	}
	return all
}

func inJSON(value string, escapeHTML bool) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(escapeHTML)
	if encoder.Encode(value) != nil {
		return value
	}
	quoted := strings.TrimSuffix(text.String(), "\n")
	return quoted[1 : len(quoted)-1]
}

// lowerPercent writes the digits of %XX small.
func lowerPercent(text string) string {
	small := []byte(text)
	for i := 0; i+2 < len(small); i++ {
		if small[i] == '%' {
			copy(small[i+1:i+3], bytes.ToLower(small[i+1:i+3]))
		}
	}
	return string(small)
}
