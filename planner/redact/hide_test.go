package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestHide(t *testing.T) {
	t.Parallel()
	redactor := New()
	first := redactor.Hide("pass", "correct horse\nbattery staple")
	second := redactor.Hide("pass")
	text := "pass, horse, correct horse and battery staple"
	if got, want := redactor.Redact(text), "[redacted], horse, [redacted] and [redacted]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	first()
	first()
	if got := redactor.Redact("pass"); got != Mark {
		t.Errorf("one who hid it has released it, the other has not: %q", got)
	}
	second()
	if got := redactor.Redact("pass"); got != Mark {
		t.Errorf("just released: %q", got)
	}
	for i := range mostReleased {
		redactor.Hide(fmt.Sprintf("rotated %d", i))()
	}
	if got := redactor.Redact("pass, rotated 0, rotated 255"); got != "pass, [redacted], [redacted]" {
		t.Errorf("after many others: %q", got)
	}
}

// TestHiddenInAnyForm hides values, and looks for them in what a program may print that has them.
func TestHiddenInAnyForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{4,12}([ \n][!-~]{4,90})?`).Draw(t, "secret")
		before, after := rapid.StringN(0, 5, 20).Draw(t, "before"), rapid.StringN(0, 5, 20).Draw(t, "after")
		redactor := New()
		defer redactor.Hide(secret)()
		quoted, _ := json.Marshal(secret)
		around := before + secret + after
		for form, text := range map[string]string{
			"itself": around, "url": url.QueryEscape(around), "json": string(quoted), "hex": hex.EncodeToString([]byte(secret)),
			"base64": base64.StdEncoding.EncodeToString([]byte(secret)), "base64 of a line": base64.StdEncoding.EncodeToString([]byte(secret + "\n")),
		} {
			redacted := redactor.Redact(text)
			if strings.Contains(Mark, secret) {
				continue
			}
			if !strings.Contains(redacted, Mark) || strings.Contains(redacted, secret) {
				t.Fatalf("as %s it gets through: %q", form, redacted)
			}
			if again := redactor.Redact(redacted); again != redacted {
				t.Fatalf("redacting again gives %q from %q", again, redacted)
			}
		}
	})
}

// TestHiddenInBasicAuthorisation: base64 of a user's name and password has the password at any place of a group.
func TestHiddenInBasicAuthorisation(t *testing.T) {
	t.Parallel()
	redactor := New()
	defer redactor.Hide("correct-horse-battery")()
	for _, user := range []string{"", "a", "al", "ali", "alice"} {
		text := base64.StdEncoding.EncodeToString([]byte(user + ":correct-horse-battery\n"))
		decoded, _ := base64.StdEncoding.DecodeString(strings.ReplaceAll(redactor.Redact(text), Mark, "AAAA"))
		if strings.Contains(string(decoded), "horse") || !strings.Contains(redactor.Redact(text), Mark) {
			t.Errorf("of %s: %q", user, redactor.Redact(text))
		}
	}
	long := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 5)
	defer redactor.Hide(long)()
	text := base64.StdEncoding.EncodeToString([]byte(long))
	if got := redactor.Redact(text[:76] + "\n" + text[76:152] + "\n" + text[152:]); !strings.HasPrefix(got, Mark+"\n"+Mark+"\n") {
		t.Errorf("in lines: %q", got)
	}
}
