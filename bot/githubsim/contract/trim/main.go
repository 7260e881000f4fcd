// Command trim cuts GitHub's own descriptions down to what the simulator
// needs: the operations named in operations.txt and the webhooks named in
// webhooks.txt, with the schemas they reach, without prose and examples.
//
// The descriptions come from two npm packages of several hundred megabytes,
// which is why their cut is kept in the repository and the packages are not:
//
//	npm pack @octokit/openapi@23.0.2 @octokit/openapi-webhooks@12.1.0
//	mkdir -p unpacked/openapi unpacked/openapi-webhooks
//	tar xzf octokit-openapi-23.0.2.tgz -C unpacked/openapi
//	tar xzf octokit-openapi-webhooks-12.1.0.tgz -C unpacked/openapi-webhooks
//	go run ./bot/githubsim/contract/trim unpacked bot/githubsim/contract/data
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: trim <directory with the unpacked npm packages> <data directory>")
		os.Exit(2)
	}
	if err := trim(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "trim:", err)
		os.Exit(1)
	}
}

// trim reads both descriptions under packages and writes their cuts into data.
func trim(packages, data string) error {
	operations, err := names(filepath.Join(data, "operations.txt"))
	if err != nil {
		return err
	}
	webhooks, err := names(filepath.Join(data, "webhooks.txt"))
	if err != nil {
		return err
	}
	api, err := read(filepath.Join(packages, "openapi/package/generated/api.github.com.json"))
	if err != nil {
		return err
	}
	hooks, err := read(filepath.Join(packages, "openapi-webhooks/package/generated/api.github.com.json"))
	if err != nil {
		return err
	}
	cutAPI, err := trimAPI(api, operations)
	if err != nil {
		return err
	}
	cutHooks, err := trimWebhooks(hooks, webhooks)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(data, "api.json"), cutAPI); err != nil {
		return err
	}
	return write(filepath.Join(data, "webhooks.json"), cutHooks)
}

// names reads one name a line; empty lines and lines that begin with # do not
// count.
func names(path string) (map[string]bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the list of what to keep: %w", err)
	}
	defer file.Close()
	found := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			found[line] = true
		}
	}
	return found, nil
}

func read(path string) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read GitHub's description: %w", err)
	}
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("read GitHub's description %s: %w", path, err)
	}
	return document, nil
}

func write(path string, document map[string]any) error {
	text, err := json.MarshalIndent(document, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
