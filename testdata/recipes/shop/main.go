// Shop is what the recipes beside it deploy: small web servers on loopback that answer with the name of their release, and a
// router in front of them that splits requests by weight. It stands in for the machines and the load balancer of a team.
//
//	shop router ADDRESS        is the load balancer; it goes on until it is told to stop
//	shop start NAME RELEASE    starts a server beside the others, or with another release than it had
//	shop ready NAME            succeeds when the server answers well
//	shop stop NAME             stops a server when it has answered what it was asked
//	shop share NAME PERCENT    gives a server that share of the requests, and the rest to the others
//	shop join NAME             gives a server the same share as the others have
//	shop leave NAME            takes a server out of the router
//	shop tidy                  stops the servers that get no requests
//	shop errors NAME           prints how many percent of its last answers were bad; nothing where it gave none
//	shop end                   stops all servers
//
// All that it keeps is in the directory that the variable SHOP names. A release whose name begins with "bad" answers
// everything with an error; one that begins with "flawed" is well as long as only its health is asked for.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func run(words []string) error {
	place := os.Getenv("SHOP")
	if place == "" {
		return fmt.Errorf("the variable SHOP is not set; it names the directory of the shop")
	}
	words = append(words, "", "", "")
	name := words[1]
	switch words[0] {
	case "router":
		return route(place, name)
	case "serve":
		return serve(server(place, name), words[2])
	case "start":
		return start(server(place, name), words[2])
	case "ready":
		return ready(server(place, name))
	case "stop":
		return stop(server(place, name))
	case "share":
		percent, err := strconv.Atoi(words[2])
		if err != nil || percent < 1 || percent > 100 {
			return fmt.Errorf("%q is no share; expected 1 to 100", words[2])
		}
		return change(place, func(routes shares) shares { return routes.share(name, percent) })
	case "join":
		return change(place, func(routes shares) shares { return routes.join(name) })
	case "leave":
		return change(place, func(routes shares) shares { return routes.without(name) })
	case "tidy":
		routes, err := read(place)
		if err != nil {
			return err
		}
		return stopAll(place, func(name string) bool { return routes.weight(name) == 0 })
	case "errors":
		return errorsOf(place, name)
	case "end":
		return stopAll(place, func(string) bool { return true })
	}
	return fmt.Errorf("%q is nothing that it can do", words[0])
}

// server is the directory of one server.
func server(place, name string) string { return filepath.Join(place, "servers", name) }

// write puts a file in the place of the one before, so that nobody reads half of it.
func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
