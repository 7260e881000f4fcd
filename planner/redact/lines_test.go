package redact

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func asIs(text string) string { return text }

// redacted is what comes out of the pieces.
func redacted(redactor *Redactor, pieces ...string) string {
	var out strings.Builder
	lines := NewLines(asIs, redactor.Redact, func(text string) { out.WriteString(text) })
	for _, piece := range pieces {
		_, _ = lines.Write([]byte(piece)) // never fails
	}
	lines.Flush()
	return out.String()
}

// However the text is cut into pieces, what comes out is what the whole text would be.
func TestLinesAreCutAnywhere(t *testing.T) {
	t.Parallel()
	const secret = "correct horse battery"
	redactor := New(secret)
	parts := []string{"plain\n", "x " + secret + " y\n", secret, "\n", "\r\n", " ", "ghs_16C7e42F292c6912E7710c838347Ae178B4a\n",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAK\nx9==\n-----END RSA PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----\n",
		"aws_secret_access_key =\n  wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n", "Authorization: Bearer\n\nabcdefgh12345\n", "aws_session\n", "-----END RSA PRIVATE KEY-----\n"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 8).Draw(t, "parts"), "")
		var pieces []string
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, min(len(rest), 40)).Draw(t, "size")
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		whole := strings.ReplaceAll(text, "\r\n", "\n")
		if !strings.HasSuffix(whole, "\n") {
			whole += "\n"
		}
		if got, want := strings.TrimRight(redacted(redactor, pieces...), "\n"), strings.TrimRight(redactor.Redact(whole), "\n"); got != want {
			t.Fatalf("of %q in pieces %q\ngot  %q\nwant %q", text, pieces, got, want)
		}
	})
}

// A secret of several lines is known by each of them.
func TestLinesOfASecret(t *testing.T) {
	t.Parallel()
	redactor := New("first line of it\nsecond line of it")
	if got := redacted(redactor, "first line", " of it\n", "second line of it\nend"); got != Mark+"\n"+Mark+"\nend\n" {
		t.Errorf("got %q", got)
	}
}

// What comes is handed on at once, save what may be the beginning of a secret.
func TestLinesAreNotHeldBack(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	lines := NewLines(asIs, New("the secret word").Redact, func(text string) { out.WriteString(text) })
	for _, step := range []struct{ piece, want string }{
		{"one\ntwo, the sec", "one\n"},
		{"ret word\n", "one\ntwo, [redacted]\n"},
		{"-----BEGIN PRIVATE KEY-----\nMII\n", "one\ntwo, [redacted]\n"},
		{"AAA\n-----END PRIVATE KEY-----\n", "one\ntwo, [redacted]\n[redacted]\n"},
		{"10 %\r20 %\r", "one\ntwo, [redacted]\n[redacted]\n10 %\n20 %\n"},
	} {
		_, _ = lines.Write([]byte(step.piece)) // never fails
		if out.String() != step.want {
			t.Errorf("after %q: %q", step.piece, out.String())
		}
	}
}

func TestLinesHaveLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxLine) + " the secret word"
	if got := redacted(New("the secret word"), "a\n", long, "\nb\n"); got != "a\n[a line of more than 128 KiB is left out]\nb\n" {
		t.Errorf("a long line gives %.200q", got)
	}
	endless := "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("MIIEpAIBAAK\n", 10000)
	if got := redacted(New(), "a\n"+endless, endless[30:], "-----END PRIVATE KEY-----\nb\n"); got != "a\n[redacted]\n\nb\n" {
		t.Errorf("a key without an end gives %.200q", got)
	}
}
