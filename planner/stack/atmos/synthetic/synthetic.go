// Package synthetic makes up repositories that are laid out for Atmos, of any size, to measure with.
//
// They are built as real ones are: defaults of the organization and of each environment, mixins for stages and regions,
// a catalog with an abstract component for each component, whose instances inherit from it, and a stack for each region
// of each environment. Some components have templates, some depend on others. Nothing in them is random.
package synthetic

import (
	"fmt"
	"strings"
)

// Size of a repository. It has Environments × Regions × Components instances.
type Size struct{ Environments, Regions, Components int }

// Instances is how many instances a repository of this size has, those that are only inherited from not among them.
func (s Size) Instances() int { return s.Environments * s.Regions * s.Components }

// environments are the names of the first environments; further ones are numbered.
var environments = [...]string{"dev", "staging", "prod"}

// environment is the name of an environment.
func environment(i int) string {
	if i < len(environments) {
		return environments[i]
	}
	return fmt.Sprintf("env%d", i)
}

// Files are the repository's files by path: atmos.yaml, the manifests below stacks, and the components' code.
//
// Of 3 environments, 10 regions and 100 components there are 3,000 instances in 147 manifests.
func (s Size) Files() map[string]string {
	files := map[string]string{"atmos.yaml": settings, "stacks/orgs/_defaults.yaml": organization}
	for i := range s.Components {
		s.component(files, i)
	}
	for i := range s.Regions {
		files["stacks/mixins/region/"+region(i)+".yaml"] = fmt.Sprintf(`vars:
  region: %[1]s
  environment: r%02[2]d
  availability_zones: ["%[1]sa", "%[1]sb", "%[1]sc"]
`, region(i), i)
	}
	for i := range s.Environments {
		name := environment(i)
		files["stacks/mixins/stage/"+name+".yaml"] = fmt.Sprintf("vars:\n  stage: %s\n  tags:\n    Stage: %[1]s\n", name)
		files["stacks/orgs/acme/"+name+"/_defaults.yaml"] = fmt.Sprintf(`import:
  - orgs/_defaults
  - mixins/stage/%s
vars:
  tags:
    Account: acme-%[1]s
terraform:
  backend:
    s3:
      bucket: acme-%[1]s-state
`, name)
		for j := range s.Regions {
			files["stacks/orgs/acme/"+name+"/"+region(j)+".yaml"] = s.stack(name, region(j))
		}
	}
	return files
}

// Changed is a file as a change of the defaults of the first component leaves it. All its instances are affected.
func Changed() (name, text string) {
	files := map[string]string{}
	Size{}.component(files, 0)
	name = "stacks/catalog/" + component(0) + ".yaml"
	return name, strings.Replace(files[name], "log_retention_days: 30", "log_retention_days: 90", 1)
}

// services is how many components there are to a service; the first of each is what the others depend on.
const services = 10

const settings = `base_path: ""
components:
  terraform:
    base_path: components/terraform
    auto_generate_backend_file: true
stacks:
  base_path: stacks
  included_paths: ["orgs/**/*"]
  excluded_paths: ["**/_defaults.yaml"]
  name_template: "{{ .vars.environment }}-{{ .vars.stage }}"
templates:
  settings:
    enabled: true
    sprig: {enabled: true}
    gomplate: {enabled: true}
settings:
  list_merge_strategy: replace
`

const organization = `vars:
  namespace: acme
  enabled: true
  tags:
    Owner: platform
    ManagedBy: terraform
    CostCenter: "4711"
settings:
  contacts:
    team: platform
    channel: "#platform"
terraform:
  backend_type: s3
  backend:
    s3:
      acl: bucket-owner-full-control
      encrypt: true
      key: terraform.tfstate
      region: eu-central-1
      dynamodb_table: acme-state-lock
`

func region(i int) string { return fmt.Sprintf("region-%02d", i) }

func component(i int) string { return fmt.Sprintf("service-%02d/part-%d", i/services, i%services) }

// component adds the code of a component and its defaults.
func (s Size) component(files map[string]string, i int) {
	name := component(i)
	files["components/terraform/"+name+"/main.tf"] = fmt.Sprintf(`module "label" {
  source = "../../../../modules/label"
  name   = var.name
}

resource "terraform_data" "this" {
  input = { name = module.label.id, size = var.size, number = %d }
}
`, i)
	files["components/terraform/"+name+"/variables.tf"] = "variable \"name\" {\n  type = string\n}\n\nvariable \"size\" {\n  type    = number\n  default = 1\n}\n"
	files["modules/label/main.tf"] = "variable \"name\" {\n  type = string\n}\n\noutput \"id\" {\n  value = var.name\n}\n"
	depends := ""
	if i%services > 0 {
		depends = fmt.Sprintf("      dependencies:\n        components:\n          - component: %s\n", component(i-i%services))
	}
	files["stacks/catalog/"+name+".yaml"] = fmt.Sprintf(`components:
  terraform:
    %[1]s/defaults:
      metadata:
        type: abstract
        component: %[1]s
      settings:
        review:
          required: true
          teams: [platform, security]
      vars:
        name: part-%[2]d
        size: 1
        subnets:
          private: {count: 3, newbits: 4, tags: {tier: private}}
          public: {count: 3, newbits: 8, tags: {tier: public}}
        allowed_cidr_blocks: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
        log_retention_days: 30
        tags:
          Component: %[1]s
%[3]s`, name, i%services, depends)
}

// stack is the manifest of a region of an environment.
func (s Size) stack(environment, region string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "import:\n  - orgs/acme/%s/_defaults\n  - mixins/region/%s\n", environment, region)
	for i := range s.Components {
		fmt.Fprintf(&text, "  - catalog/%s\n", component(i))
	}
	text.WriteString("components:\n  terraform:\n")
	for i := range s.Components {
		fmt.Fprintf(&text, `    %s:
      metadata:
        inherits:
          - %[1]s/defaults
      vars:
        size: %[2]d
        tags:
          Region: %[3]s
`, component(i), 1+i%3, region)
		if i%services == 1 {
			text.WriteString("        full_name: \"{{ .vars.namespace }}-{{ .vars.environment }}-{{ .vars.stage }}-{{ .vars.name }}\"\n")
		}
	}
	return text.String()
}
