package mirror

import (
	"fmt"
	"regexp"
	"strings"
)

var fullSHA = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// validSHA refuses whatever is not a full commit id, so that no option or expression of git can stand in its place.
func validSHA(shas ...string) error {
	for _, sha := range shas {
		if !fullSHA.MatchString(sha) {
			return fmt.Errorf("%q is not a full commit SHA", sha)
		}
	}
	return nil
}

// validRef follows the rules of git check-ref-format, and asks for a full name.
func validRef(ref string) error {
	if !strings.HasPrefix(ref, "refs/") || strings.HasSuffix(ref, "/") || strings.HasSuffix(ref, ".") ||
		strings.Contains(ref, "..") || strings.Contains(ref, "//") || strings.Contains(ref, "@{") {
		return fmt.Errorf("%q is not the full name of a ref", ref)
	}
	for _, part := range strings.Split(ref, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return fmt.Errorf("%q is not the full name of a ref", ref)
		}
	}
	for _, char := range ref {
		if char <= ' ' || char == 0x7f || strings.ContainsRune(`~^:?*[\`, char) {
			return fmt.Errorf("%q is not the full name of a ref", ref)
		}
	}
	return nil
}

// validRefspec accepts [+]source[:destination], each the full name of a ref, with one "*" in both or in none; the
// source may be a full SHA.
func validRefspec(refspec string) error {
	source, destination, both := strings.Cut(strings.TrimPrefix(refspec, "+"), ":")
	if strings.Count(source, "*") > 1 || both && strings.Count(source, "*") != strings.Count(destination, "*") {
		return fmt.Errorf("%q is not a refspec", refspec)
	}
	if validSHA(source) != nil {
		if err := validRef(strings.Replace(source, "*", "x", 1)); err != nil {
			return err
		}
	}
	if !both {
		return nil
	}
	return validRef(strings.Replace(destination, "*", "x", 1))
}
