// Package bot is the GitHub side of Trunkline, and the only part that knows GitHub.
//
// One webhook, in few hops:
//
//  1. inbox.go checks the signature and stores the delivery together with a job, and only then says that it was
//     taken. Package store has the queue.
//  2. webhooks.go and commands.go turn a stored delivery into facts: a repository, a pull request, a person's wish.
//     Nothing is decided there but whether somebody may ask (authorise.go).
//  3. trunk.go reads what is new on trunk; promote.Decide is asked in the transaction that writes it down.
//  4. preview.go plans what merging a pull request would do; package deploy brings environments to commits.
//  5. show_pull.go, show_rollout.go and show_deployment.go make GitHub show what the store says: comments, check
//     runs, deployments. They can run at any time, any number of times, and send only what is not so already.
//
// Every hop is a job that can be run again: after a crash, or because a webhook came twice. sweep.go has deliveries
// sent again that never arrived.
package bot
