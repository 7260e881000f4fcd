package web_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

var gallery = flag.String("gallery", "", "a folder for pictures of the golden comments situation-*.md, such as ../../../docs/images/comments")

// plainly leaves the last comment of the page without what is another each time.
const plainly = `(() => {
	const last = [...document.querySelectorAll("#live-timeline li.app")].pop()
	last.querySelectorAll("time, .edited").forEach(each => each.remove())
	last.querySelector("article").classList.remove("fresh")
	last.querySelector("article").id = "picture"
	return true
})()`

// unfolded opens what is folded in the picture.
const unfolded = `(() => {
	document.querySelectorAll("#picture details").forEach(each => each.setAttribute("open", ""))
	return true
})()`

// moments are the golden comments of rollouts that docs/rollouts.md shows.
var moments = []string{"rollout-paused", "rollout-canary", "rollout-watching", "rollout-back-there", "release-watching", "environment-ready"}

// The page of rollouts shows each of its moments, and each has a picture.
func TestRollouts(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/rollouts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, moment := range moments {
		if !strings.Contains(string(page), "](images/rollouts/"+moment+".png)") {
			t.Errorf("docs/rollouts.md does not show %s", moment)
		}
		if info, err := os.Stat("../../../docs/images/rollouts/" + moment + ".png"); err != nil || info.Size() > 150_000 {
			t.Errorf("%v, %v; make pictures paints it", info, err)
		}
	}
}

// Each golden comment of a situation is one that a browser shows; with -gallery it is painted too.
func TestGallery(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../testdata/comments/situation-*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no situations: %v", err)
	}
	w := newWorld(t)
	if *gallery == "" {
		for _, file := range files {
			w.says(golden(t, file))
		}
		w.shows("/acme/infra/pull/1", "Merging changes")
		return
	}
	ctx := browser(t, 1180, 1000)
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "situation-"), ".md")
		if strings.HasSuffix(name, "-check") {
			continue
		}
		w.says(golden(t, file))
		if err := chromedp.Do(ctx, chromedp.Navigate(w.URL()+"/acme/infra/pull/1"), holds(plainly), painted(filepath.Join(*gallery, name+".png"))); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for _, moment := range moments {
		w.says(golden(t, "../../../testdata/comments/"+moment+".md"))
		file := filepath.Join(filepath.Dir(filepath.Clean(*gallery)), "rollouts", moment+".png")
		if err := chromedp.Do(ctx, chromedp.Navigate(w.URL()+"/acme/infra/pull/1"), holds(plainly), holds(unfolded), painted(file)); err != nil {
			t.Fatalf("%s: %v", moment, err)
		}
	}
}

// painted writes a picture of the comment to a file.
func painted(path string) step {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		shot, err := chromedp.Screenshot(chromedp.CSS("#picture"))(ctx, target)
		if err != nil {
			return chromedp.Void{}, err
		}
		full, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			return chromedp.Void{}, err
		}
		var small bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, fewColours(full)); err != nil {
			return chromedp.Void{}, err
		}
		return chromedp.Void{}, os.WriteFile(path, small.Bytes(), 0o644)
	}
}

func number(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }

// fewColours is the picture in the 256 colours that it has most of, which for text is hardly to be seen.
func fewColours(full image.Image) image.Image {
	counts := map[color.RGBA]int{}
	bounds := full.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(number(a), number(b)))
	})
	var palette color.Palette // in an order that is the same each time
	for _, colour := range colours[:min(256, len(colours))] {
		palette = append(palette, colour)
	}
	nearest := map[color.RGBA]uint8{}
	for _, colour := range colours {
		nearest[colour] = uint8(palette.Index(colour))
	}
	few := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			few.SetColorIndex(x, y, nearest[at(x, y)])
		}
	}
	return few
}
