package atmos

import (
	"strconv"
	"strings"
)

// query is what a query of yq finds in a value: paths such as .a.b[0], what they lead to after "|", and what stands for
// null and false after "//". False where the query is more than that.
func query(value any, asked string) (any, bool) {
	for _, step := range splitQuery(asked, "|") {
		var found any
		for i, alternative := range splitQuery(step, "//") {
			if i > 0 && found != nil && found != false {
				break
			}
			var known bool
			if found, known = term(value, strings.TrimSpace(alternative)); !known {
				return nil, false
			}
		}
		value = found
	}
	return value, true
}

// term is a path, a literal, or a function of yq.
func term(value any, text string) (any, bool) {
	switch {
	case strings.HasPrefix(text, ".") || text == "":
		return follow(value, text)
	case text == "length":
		switch value := value.(type) {
		case nil:
			return 0, true
		case string:
			return len([]rune(value)), true
		case map[string]any:
			return len(value), true
		case []any:
			return len(value), true
		}
		return nil, false
	case strings.HasPrefix(text, `"`):
		literal, err := strconv.Unquote(text)
		return literal, err == nil
	}
	if text == "null" || text == "true" || text == "false" || strings.ContainsAny(text[:1], "0123456789-[{") {
		decoder := decoder{}
		_, literal, problem := decoder.parse(text)
		return literal, problem == nil
	}
	return nil, false
}

// follow is what is at a path.
func follow(value any, path string) (any, bool) {
	for rest := path; rest != "" && rest != "."; {
		var key string
		var ok bool
		if key, rest, ok = nextKey(rest); !ok {
			return nil, false
		}
		switch inner := value.(type) {
		case map[string]any:
			value = inner[key]
		case []any:
			if value, ok = itemOf(inner, key); !ok {
				return nil, false
			}
		case nil:
		default:
			return nil, false
		}
	}
	return value, true
}

// nextKey is the first key of a path, and the rest.
func nextKey(path string) (key, rest string, ok bool) {
	path = strings.TrimPrefix(path, ".")
	if strings.HasPrefix(path, "[") {
		end := strings.IndexByte(path, ']')
		if end < 0 {
			return "", "", false
		}
		key, rest = strings.TrimSpace(path[1:end]), path[end+1:]
		plain := strings.Trim(key, `"'`)
		return plain, rest, plain != "" && (plain != key || !strings.ContainsAny(key, "|()*? ,=<>"))
	}
	if strings.HasPrefix(path, `"`) {
		end := strings.IndexByte(path[1:], '"')
		if end < 0 {
			return "", "", false
		}
		return path[1 : 1+end], path[end+2:], true
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	key, rest = path[:end], path[end:]
	return key, rest, key != "" && !strings.ContainsAny(key, "|()*? ,=<>]")
}

// itemOf is an item of a list, from its end where the number is negative, or several such as 1:3.
func itemOf(list []any, key string) (any, bool) {
	at := func(text string, otherwise int) (int, bool) {
		number, err := strconv.Atoi(strings.TrimSpace(text))
		if text == "" {
			number, err = otherwise, nil
		}
		if number < 0 {
			number += len(list)
		}
		return number, err == nil
	}
	if from, to, several := strings.Cut(key, ":"); several {
		start, known := at(from, 0)
		end, knownToo := at(to, len(list))
		start, end = max(start, 0), min(end, len(list))
		if !known || !knownToo || start > end {
			return []any{}, known && knownToo
		}
		return list[start:end:end], true
	}
	i, known := at(key, -1)
	if !known || i < 0 || i >= len(list) {
		return nil, known
	}
	return list[i], true
}

// splitQuery splits a query where the mark stands outside of quotes and brackets.
func splitQuery(text, mark string) []string {
	var parts []string
	var quote byte
	depth, start := 0, 0
	for i := 0; i < len(text); i++ {
		switch char := text[i]; {
		case quote != 0:
			if char == '\\' {
				i++
			} else if char == quote {
				quote = 0
			}
		case char == '"' || char == '\'':
			quote = char
		case strings.IndexByte("([{", char) >= 0:
			depth++
		case strings.IndexByte(")]}", char) >= 0:
			depth--
		case depth == 0 && strings.HasPrefix(text[i:], mark):
			parts = append(parts, text[start:i])
			start = i + len(mark)
			i = start - 1
		}
	}
	return append(parts, text[start:])
}
