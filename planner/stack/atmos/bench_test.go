package atmos

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// memory is a repository that is not on disk.
type memory map[string]string

func (m memory) Files() []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (m memory) ReadAll(_ context.Context, names []string) (map[string][]byte, error) {
	contents := map[string][]byte{}
	for _, name := range names {
		contents[name] = []byte(m[name])
	}
	return contents, nil
}

var _ Files = memory{}

// generated is a repository of three environments with some regions each, and a hundred components in each region.
func generated(regions, components int) memory {
	files := memory{"atmos.yaml": `base_path: "."
components: { terraform: { base_path: components/terraform } }
stacks:
  base_path: stacks
  included_paths: ["deploy/**/*"]
  excluded_paths: ["**/_defaults.yaml"]
  name_pattern: "{environment}-{stage}"
`}
	files["stacks/org/_defaults.yaml"] = `vars: { namespace: acme, tags: { owner: platform, cost: "42" } }
terraform:
  backend_type: s3
  backend: { s3: { bucket: acme-state, region: eu-central-1, key: terraform.tfstate, encrypt: true } }
`
	var imports strings.Builder
	for c := range components {
		name := fmt.Sprintf("component-%03d", c)
		fmt.Fprintf(&imports, "  - catalog/%s\n", name)
		files["stacks/catalog/"+name+".yaml"] = fmt.Sprintf(`components:
  terraform:
    %[1]s/defaults:
      metadata: { type: abstract, name: %[1]s }
      settings: { team: platform, review: { required: true, teams: [a, b] } }
      vars: { enabled: true, size: 1, zones: [a, b, c], tags: { component: %[1]s, tier: backend } }
`, name)
		files["components/terraform/"+name+"/main.tf"] = "variable \"size\" {}\n"
	}
	for _, stage := range []string{"dev", "staging", "prod"} {
		files["stacks/mixins/stage-"+stage+".yaml"] = fmt.Sprintf("vars: { stage: %s, tags: { stage: %[1]s } }\n", stage)
		for r := range regions {
			region := fmt.Sprintf("region-%03d", r)
			files["stacks/mixins/"+region+".yaml"] = fmt.Sprintf("vars: { environment: r%03d, region: %s }\n", r, region)
			var manifest strings.Builder
			fmt.Fprintf(&manifest, "import:\n  - org/_defaults\n  - mixins/stage-%s\n  - mixins/%s\n%scomponents:\n  terraform:\n", stage, region, imports.String())
			for c := range components {
				fmt.Fprintf(&manifest, `    component-%03[1]d:
      metadata:
        component: component-%03[1]d
        inherits: [component-%03[1]d/defaults]
      vars:
        name: %[2]s-%[3]s-%03[1]d
        size: %[1]d
        tags:
          region: %[3]s
`, c, stage, region)
			}
			files["stacks/deploy/"+stage+"/"+region+".yaml"] = manifest.String()
		}
	}
	return files
}

// listed is a repository whose list of files is made once, as a commit's is.
type listed struct {
	memory
	files []string
}

func (l listed) Files() []string { return l.files }

func BenchmarkResolve(b *testing.B) {
	for _, regions := range []int{10, 100} {
		files := generated(regions, 100)
		repository := listed{files, files.Files()}
		b.Run(fmt.Sprintf("%d instances", 3*regions*100), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				result, err := Resolve(b.Context(), repository, Options{})
				if err != nil {
					b.Fatal(err)
				}
				if count := len(result.Instances); count != 3*regions*200 {
					b.Fatalf("%d instances", count)
				}
			}
		})
	}
}

func BenchmarkVariableFiles(b *testing.B) {
	files := generated(10, 100)
	result, err := Resolve(b.Context(), listed{files, files.Files()}, Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for i := range result.Instances {
			if _, err := json.Marshal(result.Instances[i].Vars); err != nil {
				b.Fatal(err)
			}
		}
	}
}
