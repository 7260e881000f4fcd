package comment

import (
	"strings"
	"testing"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

const (
	headSHA  = "8c1f2aa0d5b94c1e0f6a3b7c2d1e9f8a7b6c5d4e"
	trunkSHA = "4d03e77a1b2c3d4e5f60718293a4b5c6d7e8f901"
)

func instanceOf(environment, component string) stack.Instance {
	return stack.Instance{
		Environment: environment, Stack: environment, Component: component,
		Path: "components/" + component, Workspace: "default",
	}
}

// planned is an instance with a finished plan.
func planned(environment, component, digest string, changes ...engine.Change) planner.InstancePreview {
	return planner.InstancePreview{
		Instance: instanceOf(environment, component),
		Reasons:  []string{"`components/" + component + "` changed"},
		Outcome:  planner.Planned,
		Plan:     engine.Plan{Changes: changes, Digest: digest},
	}
}

func updated(address, path, before, after string) engine.Change {
	return engine.Change{
		Address: address, Action: engine.Update,
		Attributes: []engine.Attribute{{Path: path, Before: before, After: after}},
	}
}

func preview(instances ...planner.InstancePreview) planner.Preview {
	return planner.Preview{
		Head: headSHA, Trunk: trunkSHA, Environments: []string{"dev", "staging", "prod"}, Instances: instances,
	}
}

var resize = []engine.Change{
	updated(`aws_subnet.private["a"]`, "map_public_ip_on_launch", "true", "false"),
	{
		Address: `aws_subnet.private["b"]`, Action: engine.Create,
		Attributes: []engine.Attribute{
			{Path: "availability_zone", After: `"us-east-1b"`},
			{Path: "cidr_block", After: `"10.0.16.0/20"`},
			{Path: "arn", Unknown: true},
			{Path: "id", Unknown: true},
			{Path: "tags.Name", After: `"private-b"`},
		},
	},
}

var replacement = engine.Change{
	Address: "aws_instance.nat", Action: engine.Replace,
	Attributes: []engine.Attribute{
		{Path: "ami", Before: `"ami-0aaa"`, After: `"ami-0bbb"`, ForcesReplacement: true},
		{Path: "id", Before: `"i-0123"`, Unknown: true},
		{Path: "private_ip", Before: `"10.0.0.7"`, Unknown: true},
		{Path: "user_data", Sensitive: true},
	},
}

func manyAffected(components int) planner.Preview {
	p := preview()
	for _, environment := range p.Environments {
		for i := range components {
			name := "component-" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + "-" + number(i).plain()
			changes := append([]engine.Change{}, resize...)
			if i%5 == 0 {
				changes = nil
			}
			if i%17 == 1 {
				changes = append(changes, replacement)
			}
			p.Instances = append(p.Instances, planned(environment, name, environment+name, changes...))
		}
	}
	return p
}

func previews() map[string]planner.Preview {
	lagging := planned("prod", "vpc", "p", append([]engine.Change{
		{Address: `aws_subnet.private["c"]`, Action: engine.Destroy}, replacement}, resize...)...)
	lagging.Behind = []int{38, 40}
	failed := planned("prod", "dns", "")
	failed.Outcome = planner.Failed
	failed.Failure = "\nError: Invalid value for variable\n\n  on main.tf line 12:\n  12: variable \"zone\" {\n\n" +
		"The zone must end with a full stop.\n"
	removed := planner.InstancePreview{Instance: instanceOf("dev", "legacy"), Outcome: planner.Removed, Removal: &planner.Removal{
		State: "s3 bucket=acme key=dev/legacy.tfstate workspace=default", Commit: trunkSHA,
		Commands: []string{"git checkout --detach " + trunkSHA, "cd components/legacy", "terraform init -reconfigure", "terraform destroy -var-file=../../config/dev.tfvars"}}}
	waiting := func(environment string, outcome planner.Outcome) planner.InstancePreview {
		return planner.InstancePreview{Instance: instanceOf(environment, "vpc"), Outcome: outcome}
	}
	regional := func(region, digest string) planner.InstancePreview {
		p := planned("prod", "vpc", digest, resize...)
		p.Instance.Stack = "prod/" + region
		return p
	}
	commanded := func(environment string) planner.InstancePreview {
		p := planned(environment, "site", "t", engine.Change{Action: engine.Run, Address: "site"})
		p.Plan.Text = "--- deployed/index.html\n+++ index.html\n@@ -1,3 +1,3 @@\n <h1>Acme</h1>\n-<p>Soon.</p>\n+<p>Open.</p>\n"
		return p
	}
	policy := func(actions string) string {
		return `"{\"Statement\":[{\"Action\":` + actions + `,\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::acme-assets/*\"}],\"Version\":\"2012-10-17\"}"`
	}
	all := map[string]planner.Preview{
		"usual": preview(
			planned("dev", "vpc", "d", updated(`aws_subnet.private["a"]`, "map_public_ip_on_launch", "true", "false")),
			planned("dev", "dns", "0"), planned("staging", "vpc", "s", resize...), planned("staging", "dns", "0"),
			lagging, planned("prod", "dns", "0")),
		"same-in-all":  preview(planned("dev", "vpc", "s", resize...), planned("staging", "vpc", "s", resize...), planned("prod", "vpc", "s", resize...)),
		"failed":       preview(planned("dev", "dns", "d", resize...), planned("staging", "dns", "s"), failed),
		"planning":     preview(planned("dev", "vpc", "d", resize...), waiting("staging", planner.Planning), waiting("prod", planner.Waiting)),
		"cancelled":    preview(planned("dev", "vpc", "d", resize...), waiting("staging", planner.Cancelled), waiting("prod", planner.Cancelled)),
		"nothing":      preview(),
		"no-change":    preview(planned("dev", "vpc", "0"), planned("staging", "vpc", "0"), planned("prod", "vpc", "0")),
		"removed":      preview(removed),
		"regions":      preview(planned("dev", "vpc", "d"), regional("us-east-1", "r"), regional("eu-west-1", "r"), regional("ap-south-1", "q")),
		"commands":     preview(commanded("dev"), commanded("staging"), commanded("prod")),
		"five-hundred": manyAffected(170),
		"long-values": preview(planned("prod", "iam", "i", engine.Change{
			Address: "aws_iam_policy.assets", Action: engine.Update, Attributes: []engine.Attribute{
				{Path: "policy", Before: policy(`\"s3:*\"`), After: policy(`[\"s3:GetObject\",\"s3:ListBucket\"]`)},
				{Path: "description", Before: `"Everything that the assets pipeline is allowed to do with the bucket of the shop"`, After: `"Everything that the assets pipeline is allowed to do with the bucket of the site"`},
				{Path: "user_data", Before: `"#!/bin/sh\nset -e\necho one\necho two\n"`, After: `"#!/bin/sh\nset -eu\necho one\necho two\necho three\n"`},
				{Path: "password", Sensitive: true},
			},
		})),
		"outputs-and-moves": func() planner.Preview {
			p := planned("prod", "vpc", "o", engine.Change{
				Address: "module.net.aws_vpc.main", PreviousAddress: "aws_vpc.main", Action: engine.Move},
				engine.Change{Address: "aws_eip.nat", Action: engine.Import},
				engine.Change{Address: "aws_s3_bucket.logs", Action: engine.Forget})
			p.Plan.Outputs = []engine.Change{{Address: "vpc_cidr", Action: engine.Update,
				Attributes: []engine.Attribute{{Before: `"10.0.0.0/16"`, After: `"10.1.0.0/16"`}}}}
			return preview(p)
		}(),
	}
	later := func(environment, component string, after ...string) planner.InstancePreview {
		return planner.InstancePreview{Instance: instanceOf(environment, component), Outcome: planner.KnownAfter, After: after,
			Reasons: []string{"new instance", "downstream of `" + after[0] + "`, which is new"},
			Failure: "Error: Unable to find remote state\n\n  with data.terraform_remote_state.vpc,\n  on main.tf line 1, in data \"terraform_remote_state\" \"vpc\":\n" +
				"   1: data \"terraform_remote_state\" \"vpc\" {\n\nNo stored state was found for the given workspace in the given backend."}
	}
	regionalLater := later("dev", "app", "dev/vpc")
	regionalLater.Instance.Stack = "dev/eu"
	all["known-after"] = preview(planned("dev", "vpc", "d", resize...), regionalLater, planned("dev", "app", "a", resize...),
		planned("staging", "vpc", "s", resize...), later("staging", "app", "staging/vpc"), planned("prod", "vpc", "p", resize...), later("prod", "app", "prod/dns", "prod/vpc"))
	kept, taken := planner.InstancePreview{Instance: instanceOf("prod", "legacy"), Outcome: planner.Removed}, removed
	kept.Removal = &planner.Removal{State: "kept by Trunkline, workspace=default", Kept: true, Commit: trunkSHA, Commands: []string{
		"git checkout --detach " + trunkSHA, "cd components/legacy", "state=$TRUNKLINE_DATA/state/7/prod-legacy-c0ffee00", "terraform init", "terraform destroy"}}
	taken.Instance = instanceOf("staging", "old")
	taken.Removal = &planner.Removal{State: "s3 bucket=acme key=staging/net.tfstate workspace=default", TakenBy: "staging/new"}
	all["removed-several"] = preview(planned("dev", "vpc", "d", resize...), removed, kept, taken)
	network, reader := planned("dev", "vpc", "d", resize...), planned("dev", "app", "0")
	network.Plan.Outputs = []engine.Change{{Address: "subnets", Action: engine.Update, Attributes: []engine.Attribute{{Before: `["a"]`, After: `["a","b"]`}}}}
	reader.Upstream, reader.Reasons = []string{"dev/dns", "dev/vpc"}, []string{"downstream of `dev/vpc`"}
	all["downstream"] = preview(network, reader)
	all["known-after-only"] = preview(planned("dev", "vpc", "0"), later("dev", "app", "dev/vpc"), later("prod", "app", "dev/vpc"))
	all["known-after-failed"] = preview(planned("dev", "vpc", "d", resize...), later("dev", "app", "dev/vpc"), failed)
	stopped := preview()
	stopped.Problem = &planner.Problem{
		Title:  "Conflict with trunk",
		Detail: "These files were changed here and on trunk:\n- `components/vpc/main.tf`\n- `stacks/prod.tfvars`\nMerge trunk into the branch, or rebase it; the next push is planned by itself.",
	}
	all["conflict"] = stopped
	stopped.Problem = &planner.Problem{
		Title:  "Configuration error",
		Detail: "`afer` is not a key of an environment; did you mean `after`?",
		File:   ".github/trunkline.yml", Line: 12, Column: 5,
	}
	all["configuration"] = stopped
	stopped.Problem = &planner.Problem{
		Title: "A maintainer has to ask for this plan",
		Detail: "mallory may not write to this repository, and planning runs the code of the pull request.\n" +
			"Someone with write access who has read the changes can type `/plan at 8c1f2aa`.",
	}
	all["untrusted"] = stopped
	for name, p := range checkedPreviews(all) {
		all[name] = p
	}
	noted := all["same-in-all"]
	noted.Notes = []string{"This pull request changes the configuration itself (`.github/trunkline.yml`); the plans here follow the one on trunk"}
	all["notes"] = noted
	return all
}

func TestPreview(t *testing.T) {
	t.Parallel()
	for name, p := range previews() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := Options{Full: "https://github.com/acme/infra/runs/1"}
			got := Preview(p, options)
			if len(got) > DefaultLimit {
				t.Errorf("%d bytes", len(got))
			}
			golden(t, "preview-"+name+".md", got)
		})
	}
}
