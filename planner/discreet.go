package planner

import (
	"strings"
	"unicode"

	"github.com/trunkline/trunkline/planner/redact"
)

// hidden stands for a value that is not for everybody.
const hidden = "(not shown)"

// discreet tells whether values of that name are secrets, as far as names tell: passwords, tokens, credentials and the
// keys that open something. Names of names, numbers and times of such are none: "secret_name", "token_ttl".
func discreet(name string) bool {
	parts := nameWords(name)
	if len(parts) > 1 && telling[parts[len(parts)-1]] {
		return false
	}
	for i, word := range parts {
		if secretWords[word] || secretWords[strings.TrimSuffix(word, "s")] {
			return true
		}
		if i > 0 && (word == "key" || word == "keys" || word == "str" || word == "string") && openingWords[parts[i-1]] {
			return true
		}
	}
	return false
}

var secretWords = map[string]bool{
	"password": true, "passwd": true, "passphrase": true, "pwd": true, "pass": true, "secret": true, "token": true, "credential": true,
	"apikey": true, "privatekey": true, "accesskey": true, "secretkey": true, "dsn": true, "passcode": true, "otp": true,
}

// openingWords make a secret of the "key", or of the connection "string", that they stand before.
var openingWords = map[string]bool{
	"api": true, "access": true, "private": true, "encryption": true, "decryption": true, "signing": true, "shared": true, "account": true,
	"auth": true, "master": true, "storage": true, "license": true, "ssh": true, "client": true, "service": true, "admin": true,
	"webhook": true, "hmac": true, "customer": true, "host": true, "deploy": true, "connection": true, "conn": true, "app": true, "integration": true,
}

// telling words at a name's end say that the value only tells something about a secret.
var telling = map[string]bool{
	"arn": true, "name": true, "names": true, "length": true, "ttl": true, "enabled": true, "count": true, "size": true, "version": true,
	"policy": true, "rotation": true, "days": true, "hours": true, "path": true, "type": true, "prefix": true, "backend": true,
}

// nameWords are the words of a name such as db_password, dbPassword or DB-PASSWORD.
func nameWords(name string) (words []string) {
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, strings.ToLower(word.String()))
			word.Reset()
		}
	}
	runes := []rune(name)
	for i, char := range runes {
		if !unicode.IsLetter(char) && !unicode.IsDigit(char) {
			end()
			continue
		}
		lowerBefore := i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1]))
		lowerAfter := i > 0 && i+1 < len(runes) && unicode.IsUpper(runes[i-1]) && unicode.IsLower(runes[i+1])
		if unicode.IsUpper(char) && (lowerBefore || lowerAfter) {
			end()
		}
		word.WriteRune(char)
	}
	end()
	return words
}

// withoutSecrets is a value as it may be shown: what has the name of a secret is hidden, at any depth. Truth values and
// what is not there give nothing away.
func withoutSecrets(name string, value any) any {
	switch plain := value.(type) {
	case nil, bool:
		return value
	case map[string]any:
		if discreet(name) {
			return hidden
		}
		shown := make(map[string]any, len(plain))
		for key, inner := range plain {
			shown[key] = withoutSecrets(key, inner)
		}
		return shown
	case []any:
		if discreet(name) {
			return hidden
		}
		shown := make([]any, len(plain))
		for i, inner := range plain {
			shown[i] = withoutSecrets("", inner)
		}
		return shown
	case string:
		if discreet(name) {
			return hidden
		}
		return redact.New().Redact(plain)
	}
	if discreet(name) {
		return hidden
	}
	return value
}
