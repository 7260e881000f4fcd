package comment

import "github.com/trunkline/trunkline/promote"

// artifacts says what was built for the commit: the same for all environments.
func artifacts(d *document, r promote.Rollout) {
	var all []line
	for _, artifact := range r.Artifacts {
		one := say("{} is {}", code(artifact.Name), code(shortDigest(artifact.Digest)))
		if artifact.Changed != "" {
			one = say("⚠️ {}, and was {} when it was asked for again", one, code(shortDigest(artifact.Changed)))
		}
		all = append(all, one)
	}
	if len(all) > 0 {
		d.paragraph(say("Built for {}: {}", commit(r.Commit.SHA), listAtMost(all, 10)))
	}
}

// digestShown is how many characters of an artifact are shown: enough to tell two apart.
const digestShown = 40

func shortDigest(digest string) string {
	if len(digest) <= digestShown {
		return digest
	}
	return digest[:digestShown-13] + "…" + digest[len(digest)-12:]
}
