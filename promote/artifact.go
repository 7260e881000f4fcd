package promote

import (
	"fmt"
	"time"
)

// Artifact is what was built for a commit of trunk, once for all environments.
type Artifact struct {
	// Name in the configuration of the commit.
	Name string
	// Digest is what its command printed first; it is what every environment gets.
	Digest string
	// Inputs is the digest of what it is built from, as far as that is declared; empty: it is not.
	Inputs string
	At     time.Time
	// Changed is what its command printed when it was asked again last; empty: the same.
	Changed   string
	ChangedAt time.Time
}

// ArtifactsAgainAfter is how long after an artifact was another one it is asked for again.
const ArtifactsAgainAfter = 5 * time.Minute

// artifactGates: what is not the same any more as when it was resolved goes nowhere.
func artifactGates(q question) (gates []Gate) {
	for _, artifact := range q.state.Artifacts[q.promotion.To.SHA] {
		if artifact.Changed != "" {
			gates = append(gates, Gate{Name: GateArtifacts, Since: artifact.ChangedAt, Text: fmt.Sprintf(
				"the artifact %s of %s was %s when it was resolved, and is %s now", artifact.Name, Short(q.promotion.To.SHA), artifact.Digest, artifact.Changed)})
		}
	}
	return gates
}
