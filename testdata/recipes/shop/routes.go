package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// shares are the servers that get requests, with what share of them.
type shares []shareOf

type shareOf struct {
	name   string
	weight int
}

func (s shares) weight(name string) int {
	for _, one := range s {
		if one.name == name {
			return one.weight
		}
	}
	return 0
}

func (s shares) without(name string) (rest shares) {
	for _, one := range s {
		if one.name != name {
			rest = append(rest, one)
		}
	}
	return rest
}

// share gives a server its percentage. The others keep what they have among themselves; where there are none, it gets all.
func (s shares) share(name string, percent int) (next shares) {
	total := 0
	for _, one := range s.without(name) {
		total += one.weight
	}
	if total == 0 || percent == 100 {
		return shares{{name, 100}}
	}
	for _, one := range s.without(name) {
		next = append(next, shareOf{one.name, one.weight * (100 - percent)})
	}
	return append(next, shareOf{name, total * percent})
}

// join gives a server as much as the first of the others has.
func (s shares) join(name string) shares {
	others, weight := s.without(name), 100
	if len(others) > 0 {
		weight = others[0].weight
	}
	return append(others, shareOf{name, weight})
}

// read reads who gets what. Where nothing is written down, nobody gets anything.
func read(place string) (routes shares, err error) {
	text, err := os.ReadFile(filepath.Join(place, "routes"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for line := range strings.Lines(string(text)) {
		var one shareOf
		if _, err := fmt.Sscan(line, &one.name, &one.weight); err != nil {
			return nil, fmt.Errorf("read the routes: %w", err)
		}
		routes = append(routes, one)
	}
	return routes, err
}

// change writes down who gets what from now on. The router reads it for each request.
func change(place string, next func(shares) shares) error {
	routes, err := read(place)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, one := range next(routes) {
		fmt.Fprintln(&text, one.name, one.weight)
	}
	return write(filepath.Join(place, "routes"), text.String())
}
