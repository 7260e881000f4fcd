package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVersionOf(t *testing.T) {
	t.Parallel()
	const base = "components/terraform"
	for _, test := range []struct {
		path, family, label string
		kind                VersionKind
	}{
		{"vpc", "vpc", "", TrunkVersion},
		{"vpc/v1", "vpc", "v1", FolderVersion},
		{"vpc/1.0", "vpc", "1.0", FolderVersion},
		{"vpc/1.2.3", "vpc", "1.2.3", PinnedVersion},
		{"vpc/v1.12.3", "vpc", "v1.12.3", PinnedVersion},
		{"vpc/v2.0.0-rc.1", "vpc", "v2.0.0-rc.1", PinnedVersion},
		{"vpc/2024.10.1", "vpc", "2024.10.1", PinnedVersion},
		{"vpc/2024.10", "vpc", "2024.10", FolderVersion},
		{"lambda/2024", "lambda", "2024", FolderVersion},
		{"vpc/v3-preview", "vpc", "v3-preview", PreviewVersion},
		{"rds/v2-deprecated", "rds", "v2-deprecated", DeprecatedVersion},
		{"eks/stable", "eks", "stable", TrackVersion},
		{"eks/deprecated", "eks", "deprecated", DeprecatedVersion},
		{"rds/aurora", "rds/aurora", "", TrunkVersion},
		{"network/alpha", "network", "alpha", TrackVersion},
		{"beta/cache", "cache", "beta", TrackVersion},
		{"prod/data/cache", "data/cache", "prod", TrackVersion},
		{"channels/dev/vpc", "vpc", "dev", ChannelVersion},
		{"critical-service-v1.2.3", "critical-service", "v1.2.3", PinnedVersion},
		{"critical-service-1a2b3c4d", "critical-service", "1a2b3c4d", PinnedVersion},
		{"critical-service/0123456789abcdef0123456789abcdef01234567", "critical-service", "0123456789abcdef0123456789abcdef01234567", PinnedVersion},
		{"vpc-experiment", "vpc", "experiment", ExperimentVersion},
		{"vpc-hotfix", "vpc", "hotfix", HotfixVersion},
		{"vpc-beta", "vpc", "beta", TrackVersion},
		{"vpc-v2", "vpc", "v2", FolderVersion},
		{"vpc/prod-v1.2.3", "vpc", "prod-v1.2.3", PinnedVersion},
		{"vpc/2024.10-stable", "vpc", "2024.10-stable", FolderVersion},
		// Not versions: an IP, a count, plain words.
		{"ec2", "ec2", "", TrunkVersion},
		{"node-12", "node-12", "", TrunkVersion},
		{"account-123456789012", "account-123456789012", "", TrunkVersion},
		{"shard/3", "shard/3", "", TrunkVersion},
		{"facade", "facade", "", TrunkVersion},
		{"store-effaced", "store-effaced", "", TrunkVersion},
		{"v1", "v1", "", TrunkVersion}, // the component's own name
		{"prod", "prod", "", TrunkVersion},
	} {
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			want := Version{Path: base + "/" + test.path, Family: base + "/" + test.family, Label: test.label, Kind: test.kind}
			if diff := cmp.Diff(want, VersionOf(base+"/"+test.path, base)); diff != "" {
				t.Error(diff)
			}
			want.Path, want.Family = test.path, test.family
			if diff := cmp.Diff(want, VersionOf(test.path, "")); diff != "" {
				t.Errorf("without a base: %s", diff)
			}
		})
	}
}
