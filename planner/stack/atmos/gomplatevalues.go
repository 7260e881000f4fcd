package atmos

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/spf13/cast"
)

// arithmetic is gomplate's "math": whole numbers as long as all are.
type arithmetic struct{ budget *budget }

// fraction tells whether one of the values is no whole number.
func fraction(values ...any) bool {
	for _, value := range values {
		switch value := value.(type) {
		case float32, float64:
			return true
		case string:
			if strings.ContainsAny(value, ".eE") && !strings.HasPrefix(value, "0x") {
				return true
			}
		}
	}
	return false
}

// folded is the values taken together, one after the other.
func folded(values []any, whole func(a, b int64) int64, broken func(a, b float64) float64) any {
	if len(values) == 0 {
		return int64(0)
	}
	if fraction(values...) {
		sum := cast.ToFloat64(values[0])
		for _, value := range values[1:] {
			sum = broken(sum, cast.ToFloat64(value))
		}
		return sum
	}
	sum := cast.ToInt64(values[0])
	for _, value := range values[1:] {
		sum = whole(sum, cast.ToInt64(value))
	}
	return sum
}

func (arithmetic) Add(values ...any) any {
	return folded(values, func(a, b int64) int64 { return a + b }, func(a, b float64) float64 { return a + b })
}

func (arithmetic) Mul(values ...any) any {
	return folded(values, func(a, b int64) int64 { return a * b }, func(a, b float64) float64 { return a * b })
}

func (arithmetic) Sub(a, b any) any {
	return folded([]any{a, b}, func(a, b int64) int64 { return a - b }, func(a, b float64) float64 { return a - b })
}

func (arithmetic) Max(values ...any) any {
	return folded(values, func(a, b int64) int64 { return max(a, b) }, math.Max)
}

func (arithmetic) Min(values ...any) any {
	return folded(values, func(a, b int64) int64 { return min(a, b) }, math.Min)
}

func (arithmetic) Div(a, b any) (any, error) {
	divisor := cast.ToFloat64(b)
	if divisor == 0 {
		return nil, errors.New("division by 0")
	}
	return cast.ToFloat64(a) / divisor, nil
}

// Rem is what is left of a division.
func (arithmetic) Rem(a, b any) (any, error) {
	if cast.ToInt64(b) == 0 {
		return nil, errors.New("division by 0")
	}
	return cast.ToInt64(a) % cast.ToInt64(b), nil
}

// Pow is a to the power of b.
func (arithmetic) Pow(a, b any) any {
	power := math.Pow(cast.ToFloat64(a), cast.ToFloat64(b))
	if fraction(a, b) || power != math.Trunc(power) || math.Abs(power) > math.MaxInt64/2 {
		return power
	}
	return int64(power)
}

func (arithmetic) Ceil(value any) any  { return math.Ceil(cast.ToFloat64(value)) }
func (arithmetic) Floor(value any) any { return math.Floor(cast.ToFloat64(value)) }
func (arithmetic) Round(value any) any { return math.Round(cast.ToFloat64(value)) }
func (arithmetic) Abs(value any) any {
	if fraction(value) {
		return math.Abs(cast.ToFloat64(value))
	}
	number := cast.ToInt64(value)
	return max(number, -number)
}
func (arithmetic) IsFloat(value any) bool { return fraction(value) }
func (arithmetic) IsInt(value any) bool {
	_, err := cast.ToInt64E(value)
	return err == nil && !fraction(value)
}
func (arithmetic) IsNum(value any) bool {
	_, err := cast.ToFloat64E(value)
	return err == nil
}

// Seq are the numbers to an end, or from a start to an end, or in steps.
func (a arithmetic) Seq(bounds ...any) ([]int64, error) {
	start, end, step := int64(1), int64(0), int64(1)
	switch len(bounds) {
	case 1:
		end = cast.ToInt64(bounds[0])
	case 2, 3:
		start, end = cast.ToInt64(bounds[0]), cast.ToInt64(bounds[1])
		if len(bounds) == 3 {
			step = cast.ToInt64(bounds[2])
		}
	default:
		return nil, errors.New("seq takes one to three numbers")
	}
	if step == 0 {
		return nil, nil
	}
	if end < start && step > 0 || end > start && step < 0 {
		step = -step
	}
	count := (end-start)/step + 1
	if count > maxCount {
		return nil, fmt.Errorf("%d is more than a manifest needs", count)
	}
	numbers := make([]int64, 0, count)
	for i := range count {
		numbers = append(numbers, start+i*step)
	}
	return numbers, a.budget.spend(int(count))
}

// expressions are gomplate's "regexp".
type expressions struct{}

func (expressions) Find(expression, in any) (string, error) {
	compiled, err := regexp.Compile(plainText(expression))
	if err != nil {
		return "", err
	}
	return compiled.FindString(plainText(in)), nil
}

func (expressions) Match(expression, in any) (bool, error) {
	return regexp.MatchString(plainText(expression), plainText(in))
}

func (expressions) QuoteMeta(in any) string { return regexp.QuoteMeta(plainText(in)) }

func (expressions) Replace(expression, by, in any) (string, error) {
	compiled, err := regexp.Compile(plainText(expression))
	if err != nil {
		return "", err
	}
	return compiled.ReplaceAllString(plainText(in), plainText(by)), nil
}

func (expressions) ReplaceLiteral(expression, by, in any) (string, error) {
	compiled, err := regexp.Compile(plainText(expression))
	if err != nil {
		return "", err
	}
	return compiled.ReplaceAllLiteralString(plainText(in), plainText(by)), nil
}

func (e expressions) FindAll(arguments ...any) ([]string, error) {
	compiled, count, in, err := e.counted(arguments)
	if err != nil {
		return nil, err
	}
	return compiled.FindAllString(in, count), nil
}

func (e expressions) Split(arguments ...any) ([]string, error) {
	compiled, count, in, err := e.counted(arguments)
	if err != nil {
		return nil, err
	}
	return compiled.Split(in, count), nil
}

// counted are an expression, a number that may be left out, and a text.
func (expressions) counted(arguments []any) (compiled *regexp.Regexp, count int, in string, err error) {
	count = -1
	switch len(arguments) {
	case 2:
	case 3:
		count = cast.ToInt(arguments[1])
	default:
		return nil, 0, "", errors.New("it takes an expression, a number that may be left out, and a text")
	}
	compiled, err = regexp.Compile(plainText(arguments[0]))
	return compiled, count, plainText(arguments[len(arguments)-1]), err
}

// base64Functions are gomplate's "base64".
type base64Functions struct{}

func (base64Functions) Encode(in any) string {
	return base64.StdEncoding.EncodeToString([]byte(plainText(in)))
}

func (base64Functions) Decode(in any) (string, error) {
	text, err := base64.StdEncoding.DecodeString(plainText(in))
	if err != nil {
		text, err = base64.URLEncoding.DecodeString(plainText(in))
	}
	return string(text), err
}

// sums are what of gomplate's "crypto" depends on its arguments alone and is quick.
type sums struct{}

func (sums) SHA1(in any) string {
	sum := sha1.Sum([]byte(plainText(in)))
	return hex.EncodeToString(sum[:])
}

func (sums) SHA224(in any) string {
	sum := sha256.Sum224([]byte(plainText(in)))
	return hex.EncodeToString(sum[:])
}

func (sums) SHA256(in any) string {
	sum := sha256.Sum256([]byte(plainText(in)))
	return hex.EncodeToString(sum[:])
}

func (sums) SHA384(in any) string {
	sum := sha512.Sum384([]byte(plainText(in)))
	return hex.EncodeToString(sum[:])
}

func (sums) SHA512(in any) string {
	sum := sha512.Sum512([]byte(plainText(in)))
	return hex.EncodeToString(sum[:])
}
