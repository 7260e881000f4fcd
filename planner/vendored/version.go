package vendored

import (
	"path"
	"regexp"
	"strings"
)

var (
	numeric = regexp.MustCompile(`(?:^|[-_/@])v?([0-9]+(?:\.[0-9]+)*(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$`)
	commit  = regexp.MustCompile(`^[0-9a-f]{7,40}$`)
	ranged  = regexp.MustCompile(`[\^~<>=*|, ]|\.x\b`)
)

// compatible tells whether two texts can mean the same version: v1.2.3 and 1.2.3, v1 and 1.2.3, a commit and its
// beginning, a tag such as vpc/v1.2.3 and its version. A range can mean anything.
func compatible(one, other string) bool {
	if one == other || ranged.MatchString(one) || ranged.MatchString(other) {
		return true
	}
	if commit.MatchString(one) && commit.MatchString(other) {
		return strings.HasPrefix(one, other) || strings.HasPrefix(other, one)
	}
	a, b := numberOf(one), numberOf(other)
	if a == "" || b == "" {
		return false
	}
	return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".") || strings.HasPrefix(a, b+"-") || strings.HasPrefix(b, a+"-")
}

// numberOf is the version in a tag or in a folder's name, without its "v"; empty: there is none.
func numberOf(text string) string {
	match := numeric.FindStringSubmatch(path.Base(text))
	if match == nil || commit.MatchString(text) {
		return ""
	}
	return match[1]
}
