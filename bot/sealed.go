package bot

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// sealed is a file with the values of secrets that a run was given, which only this App can read. An engine outlives a
// Trunkline that is killed, and its log is read by the next, when the values may have been rotated: they have to be known to
// be hidden.
type sealed struct {
	path string
	key  []byte
}

func (b *Bot) sealedAt(path string) (sealed, error) {
	key, err := hkdf.Key(sha256.New, []byte(b.settings.GitHub.App.WebhookSecret), nil, "trunkline values that runs were given", 32)
	return sealed{path, key}, err
}

// add adds values to those in the file, and returns all of them.
func (s sealed) add(values []string) (all []string, err error) {
	all, err = s.read()
	if err != nil {
		// Written with another secret of the App, or torn: nobody can read it any more.
		all = nil
	}
	all = append(all, values...)
	slices.Sort(all)
	all = slices.Compact(all)
	text, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	aead, err := s.aead()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return nil, err
	}
	return all, os.WriteFile(s.path, aead.Seal(nonce, nonce, text, nil), 0o600)
}

func (s sealed) read() (values []string, err error) {
	content, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	aead, err := s.aead()
	if err != nil {
		return nil, err
	}
	if len(content) < aead.NonceSize() {
		return nil, fmt.Errorf("%s is too short", s.path)
	}
	text, err := aead.Open(nil, content[:aead.NonceSize()], content[aead.NonceSize():], nil)
	if err != nil {
		return nil, err
	}
	return values, json.Unmarshal(text, &values)
}

func (s sealed) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(s.key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// remove removes the file, when nothing runs any more that was given the values.
func (s sealed) remove() error {
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
