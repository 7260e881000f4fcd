// Package environments says what GitHub's environments are to have, how what they have differs, and which steps would
// change that. It is pure: who calls it asks GitHub and carries the steps out.
//
// Three things are compared. A [Wanted] environment comes from the configuration ([From]). A [Found] one is what GitHub
// shows. [Means] are what can be done at all: what the App may do, and what the repository's plan has. Out of them come the
// differences ([Compare]), each with words for people, and the steps ([Steps]) after which there would be none but those that
// the means leave: GitHub replaces all rules of an environment at once, so a step holds all that is to stay.
//
// What nobody asked for is left alone: variables that are not wanted, rules of other Apps, and environments that no
// configuration names.
package environments
