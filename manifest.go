// Package trunkline holds what the whole project shares and no folder below can
// embed: the App's manifest.
package trunkline

import _ "embed" // for the manifest

// Manifest is app.yml: the App's name, its permissions and its events.
//
//go:embed app.yml
var Manifest []byte
