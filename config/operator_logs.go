package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// KeptLogs says how long logs of deployments are kept. The older of both limits counts.
type KeptLogs struct {
	// Days after a deployment has ended; TRUNKLINE_LOG_DAYS. Zero: 90.
	Days int `yaml:"days"`
	// Deployments of each environment; TRUNKLINE_LOG_DEPLOYMENTS. Zero: 1,000.
	Deployments int `yaml:"deployments"`
}

func (k *KeptLogs) readEnvironment(lookup func(string) (string, bool)) error {
	for name, number := range map[string]*int{"TRUNKLINE_LOG_DAYS": &k.Days, "TRUNKLINE_LOG_DEPLOYMENTS": &k.Deployments} {
		if value, ok := lookup(name); ok {
			read, err := strconv.Atoi(value)
			if err != nil || read < 1 {
				return fmt.Errorf("%s is %q; expected a whole number, 1 or more", name, value)
			}
			*number = read
		}
	}
	return nil
}

func (k *KeptLogs) complete() error {
	if k.Days < 0 || k.Deployments < 0 {
		return fmt.Errorf("logs has days %d and deployments %d; expected whole numbers, 1 or more", k.Days, k.Deployments)
	}
	if k.Days == 0 {
		k.Days = 90
	}
	if k.Deployments == 0 {
		k.Deployments = 1000
	}
	return nil
}

// publicURL is the address of the server with a slash at its end; empty: there is none.
func publicURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "https" && address.Scheme != "http" || address.Host == "" || address.User != nil ||
		address.RawQuery != "" || address.Fragment != "" || strings.ContainsAny(text, " <>\n\r\t\"\\`|") {
		return "", fmt.Errorf("TRUNKLINE_PUBLIC_URL is %q; expected the server's address as people reach it, such as https://trunkline.acme.example", text)
	}
	return strings.TrimSuffix(text, "/") + "/", nil
}

// Places are where a server keeps what others may look at.
type Places struct {
	// Data is the directory, Database the SQLite file.
	Data, Database string
}

// ReadPlaces reads of the settings only where things are: whoever looks at them needs no secrets. A data directory that is
// given goes before the one that is set, and holds the database unless TRUNKLINE_DATABASE names another.
func ReadPlaces(file, data string, lookup func(string) (string, bool)) (Places, error) {
	o := Operator{Data: "trunkline-data"}
	if file != "" {
		if err := o.readFile(file); err != nil {
			return Places{}, err
		}
	}
	for name, field := range map[string]*string{"TRUNKLINE_DATA": &o.Data, "TRUNKLINE_DATABASE": &o.Database} {
		if value, ok := lookup(name); ok && value != "" {
			*field = value
		}
	}
	if data != "" {
		o.Data = data
	}
	if o.Database == "" {
		o.Database = filepath.Join(o.Data, "trunkline.db")
	}
	return Places{o.Data, o.Database}, nil
}
