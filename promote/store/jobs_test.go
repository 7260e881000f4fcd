package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trunkline/trunkline/promote"
)

// permutations of some facts.
func permutations(facts []promote.Job) (all [][]promote.Job) {
	if len(facts) < 2 {
		return [][]promote.Job{facts}
	}
	for i := range facts {
		rest := append(append([]promote.Job{}, facts[:i]...), facts[i+1:]...)
		for _, others := range permutations(rest) {
			all = append(all, append([]promote.Job{facts[i]}, others...))
		}
	}
	return all
}

// What GitHub tells of a job comes to the same in any order, and told twice.
func TestJobsAreHeardOfInAnyOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	asked := s.clock()
	facts := func(deployment int64) []promote.Job {
		base := promote.Job{Environment: "prod", Deployment: deployment, SHA: "abc", Run: 7}
		with := func(change func(*promote.Job)) promote.Job {
			job := base
			change(&job)
			return job
		}
		return []promote.Job{
			with(func(j *promote.Job) { j.Phase, j.Asked = promote.JobWaiting, asked }),
			with(func(j *promote.Job) { j.Phase, j.Number = promote.JobWaiting, 9 }),
			with(func(j *promote.Job) { j.Phase, j.Attempt = promote.JobRunning, 2 }),
			with(func(j *promote.Job) { j.Phase = promote.JobPassed }),
		}
	}
	for i, order := range permutations(facts(0)) {
		deployment := int64(i + 1)
		s.write(func(tx *Tx) error {
			for _, fact := range append(order, order[0]) {
				fact.Deployment = deployment
				if err := tx.HeardOfJob(1, fact); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var got []promote.Job
	s.write(func(tx *Tx) (err error) {
		got, err = tx.JobsOf(1, "PROD", "abc")
		return err
	})
	if len(got) != 24 {
		t.Fatalf("there are %d jobs", len(got))
	}
	want := promote.Job{Environment: "prod", Run: 7, Number: 9, Attempt: 2, SHA: "abc", Phase: promote.JobPassed, Went: true, Asked: asked, Heard: asked, Ended: asked}
	for _, job := range got {
		if diff := cmp.Diff(want, job, cmpopts.IgnoreFields(promote.Job{}, "ID", "Deployment"), cmpopts.EquateApproxTime(time.Millisecond)); diff != "" {
			t.Fatal(diff)
		}
	}
}

// A job is told one thing for good; that it went on without having been let go is recorded once, with whose order that was.
func TestAnswersAndStrays(t *testing.T) {
	t.Parallel()
	s := open(t)
	heard := func(job promote.Job) {
		t.Helper()
		job.Environment, job.SHA, job.Run = "prod", "abc", job.Deployment+100
		s.write(func(tx *Tx) error { return tx.HeardOfJob(1, job) })
	}
	heard(promote.Job{Deployment: 1, Phase: promote.JobWaiting, Asked: s.clock()})
	heard(promote.Job{Deployment: 2, Phase: promote.JobWaiting, Asked: s.clock()})
	s.write(func(tx *Tx) error {
		waiting, err := tx.WaitingJobs(1)
		if err != nil || len(waiting) != 2 {
			t.Fatalf("waiting %v, %v", waiting, err)
		}
		for _, verdict := range []promote.Verdict{{Answer: promote.JobApproved, For: 5, Text: "go"}, {Answer: promote.JobRejected, Text: "no"}} {
			if err := tx.AnswerJob(1, waiting[0], verdict); err != nil {
				return err
			}
		}
		decided, err := tx.DecidedJob(waiting[0].ID)
		if decided.Answer != promote.JobApproved || decided.Text != "go" {
			t.Errorf("the job is told %+v", decided)
		}
		return err
	})
	heard(promote.Job{Deployment: 1, Phase: promote.JobRunning})
	heard(promote.Job{Deployment: 2, Phase: promote.JobRunning})
	s.write(func(tx *Tx) error {
		stray, err := tx.StrayJobs(1)
		if err != nil || len(stray) != 1 || stray[0].Deployment != 2 {
			t.Fatalf("stray %+v, %v", stray, err)
		}
		stray[0].By, stray[0].Why = promote.Person{ID: 3, Login: "carol"}, "no time"
		for range 2 {
			if err := tx.JobStrayed(1, stray[0], "gates bypassed"); err != nil {
				return err
			}
		}
		records, err := tx.Records(1)
		if err != nil {
			return err
		}
		var kinds []string
		for _, record := range records {
			kinds = append(kinds, record.Kind+" "+record.Actor.Login+" "+record.Reason)
		}
		if diff := cmp.Diff([]string{"job let go  run 101: go", "gates bypassed carol run 102: no time"}, kinds); diff != "" {
			t.Error(diff)
		}
		return nil
	})
}
