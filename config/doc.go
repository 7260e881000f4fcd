// Package config holds what people configure: what a repository declares on its trunk ([Repository], read by
// [Parse] from .github/trunkline.yml) and what the operator of a server sets ([Operator], read by [ReadOperator]
// from a file and from environment variables).
//
// Decoding is strict. An unknown key, a wrong type, an unknown environment or a cycle is a [Problem] with file,
// line, column and what was expected; all problems of a file are found at once, so that a person mends them in
// one go. Nothing is guessed from a file that has a problem.
//
// The package knows no GitHub, no Git and no database: it turns text into types.
package config
