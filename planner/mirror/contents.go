package mirror

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// contents are where the files of a tree are read.
type contents interface {
	// read reads the entries, which are files or links. Neither may be larger than [MaxFile].
	read(ctx context.Context, entries []Entry) (map[string][]byte, error)
	// name says what is read, for errors: a commit or a directory.
	name() string
}

// identified are contents whose entries have no ids until somebody asks: making them takes reading the files.
type identified interface {
	id(tree *Tree, entry Entry) string
}

// errMissing is an object that git does not have.
var errMissing = errors.New("git has no such object")

// mirrored are the contents of a commit of a mirror.
type mirrored struct {
	mirror *Mirror
	commit string
}

func (m mirrored) name() string { return m.commit }

// read reads the entries with one git.
func (m mirrored) read(ctx context.Context, entries []Entry) (map[string][]byte, error) {
	var ids strings.Builder
	for _, entry := range entries {
		ids.WriteString(entry.ID + "\n")
	}
	found := make(map[string][]byte, len(entries))
	output, input := io.Pipe()
	parsed := make(chan error, 1)
	go func() {
		err := parseBatch(bufio.NewReaderSize(output, 64<<10), entries, found)
		parsed <- err
		_ = output.CloseWithError(cmp.Or(err, io.EOF)) // so that git does not wait for a reader that is gone
	}()
	_, err := m.mirror.run(ctx, invocation{args: []string{"cat-file", "--batch", "--buffer"}, stdin: strings.NewReader(ids.String()), stdout: input})
	_ = input.CloseWithError(cmp.Or(err, io.EOF))
	if failed := <-parsed; failed != nil && !errors.Is(failed, err) {
		return nil, failed
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

// parseBatch reads what git cat-file --batch says of the entries, in their order.
func parseBatch(from *bufio.Reader, entries []Entry, contents map[string][]byte) error {
	for _, entry := range entries {
		object, err := parseObject(from, MaxFile)
		if err == nil && object.kind != "blob" {
			err = fmt.Errorf("git has a %s there", object.kind)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", entry.Path, err)
		}
		contents[entry.Path] = object.content
	}
	return nil
}

// object is one answer of git cat-file --batch.
type object struct {
	id, kind string
	content  []byte
}

// parseObject reads one answer. The error is [errMissing] where git has no such object, and [ErrTooBig] where it has
// more than max bytes.
func parseObject(from *bufio.Reader, max int64) (object, error) {
	header, err := from.ReadString('\n')
	if err != nil {
		return object{}, err
	}
	header = strings.TrimSuffix(header, "\n")
	if strings.HasSuffix(header, " missing") || strings.HasSuffix(header, " ambiguous") {
		return object{}, errMissing
	}
	fields := strings.Split(header, " ")
	if len(fields) != 3 {
		return object{}, fmt.Errorf("git says %q", header)
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return object{}, fmt.Errorf("git says %q", header)
	}
	if size > max {
		return object{}, ErrTooBig
	}
	content := make([]byte, size+1)
	if _, err := io.ReadFull(from, content); err != nil {
		return object{}, err
	}
	return object{id: fields[0], kind: fields[1], content: content[:size:size]}, nil
}
