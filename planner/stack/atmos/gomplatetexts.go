package atmos

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cast"
)

// textFunctions are gomplate's "strings".
type textFunctions struct{ budget *budget }

func (textFunctions) ToUpper(text any) string            { return strings.ToUpper(plainText(text)) }
func (textFunctions) ToLower(text any) string            { return strings.ToLower(plainText(text)) }
func (textFunctions) TrimSpace(text any) string          { return strings.TrimSpace(plainText(text)) }
func (textFunctions) Trim(cut string, text any) string   { return strings.Trim(plainText(text), cut) }
func (textFunctions) Split(at string, text any) []string { return strings.Split(plainText(text), at) }
func (textFunctions) Contains(part string, text any) bool {
	return strings.Contains(plainText(text), part)
}
func (textFunctions) HasPrefix(part string, text any) bool {
	return strings.HasPrefix(plainText(text), part)
}
func (textFunctions) HasSuffix(part string, text any) bool {
	return strings.HasSuffix(plainText(text), part)
}
func (textFunctions) TrimPrefix(part string, text any) string {
	return strings.TrimPrefix(plainText(text), part)
}
func (textFunctions) TrimSuffix(part string, text any) string {
	return strings.TrimSuffix(plainText(text), part)
}
func (textFunctions) ReplaceAll(old, by string, text any) string {
	return strings.ReplaceAll(plainText(text), old, by)
}

func (f textFunctions) Repeat(count int, text any) (string, error) {
	if plain := plainText(text); count >= 0 && count <= maxCount && count*len(plain) <= maxExpanded {
		return strings.Repeat(plain, count), f.budget.spend(count * len(plain))
	}
	return "", fmt.Errorf("%d is more than a manifest needs", count)
}

func (textFunctions) SplitN(at string, n int, text any) []string {
	return strings.SplitN(plainText(text), at, n)
}
func (textFunctions) RuneCount(text any) int { return utf8.RuneCountInString(plainText(text)) }
func (textFunctions) Sort(list any) ([]string, error) {
	values, err := listOf(list)
	texts := cast.ToStringSlice(values)
	slices.Sort(texts)
	return texts, err
}
func (textFunctions) ShellQuote(text any) string {
	return "'" + strings.ReplaceAll(plainText(text), "'", `'"'"'`) + "'"
}

// Indent indents each line, by a number and a text that may be left out.
func (textFunctions) Indent(arguments ...any) (string, error) {
	width, with := 1, " "
	switch len(arguments) {
	case 1:
	case 2:
		if text, is := arguments[0].(string); is {
			with = text
		} else {
			width = cast.ToInt(arguments[0])
		}
	case 3:
		width, with = cast.ToInt(arguments[0]), plainText(arguments[1])
	default:
		return "", errors.New("indent takes a text, after a number and what to indent with")
	}
	if width < 0 || width > 1000 {
		return "", fmt.Errorf("%d is no indentation", width)
	}
	lines := strings.SplitAfter(plainText(arguments[len(arguments)-1]), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(with, width) + line
		}
	}
	return strings.Join(lines, ""), nil
}

// CamelCase, SnakeCase and KebabCase write the words of a text as one.
func (textFunctions) CamelCase(text any) string {
	all := words(text)
	for i, word := range all {
		if i > 0 {
			all[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(all, "")
}
func (textFunctions) SnakeCase(text any) string { return strings.Join(words(text), "_") }
func (textFunctions) KebabCase(text any) string { return strings.Join(words(text), "-") }

var wordPattern = regexp.MustCompile(`[A-Za-z0-9]+`)

func words(text any) []string { return wordPattern.FindAllString(plainText(text), -1) }

func (textFunctions) Title(text any) string { return capitalised(plainText(text)) }
func (textFunctions) Quote(text any) string { return strconv.Quote(plainText(text)) }
func (textFunctions) Squote(text any) string {
	return "'" + strings.ReplaceAll(plainText(text), "'", "''") + "'"
}
func (textFunctions) Trunc(n int, text any) string {
	plain := plainText(text)
	return plain[:min(max(n, 0), len(plain))]
}

// plainText is how gomplate writes a value.
func plainText(value any) string {
	if value == nil {
		return "nil"
	}
	return fmt.Sprint(value)
}

// capitalised is the text with each word's first letter as a capital.
func capitalised(text string) string {
	letters, inWord := []rune(text), false
	for i, letter := range letters {
		isLetter := unicode.IsLetter(letter) || unicode.IsDigit(letter) || letter == '_' || letter == '\''
		if isLetter && !inWord {
			letters[i] = unicode.ToTitle(letter)
		}
		inWord = isLetter
	}
	return string(letters)
}
