package atmos

import (
	"context"
	"path"
	"strings"
)

// Vendoring says where a repository describes what it vendors. Paths are from the repository's root.
type Vendoring struct {
	// Base is what imports and the lock file are relative to.
	Base string
	// Manifest is a file, or a folder of files. Unless Named it is vendor.yaml, and need not be there.
	Manifest string
	Named    bool
	// Lock is the file in which Atmos writes down what it vendored.
	Lock string
	// Components is the folder of Terraform components.
	Components string
}

// ReadVendoring reads it from atmos.yaml; where there is none, from what is usual.
func ReadVendoring(ctx context.Context, files Files) (Vendoring, error) {
	reader := &configReader{ctx: ctx, files: files}
	_, values, err := reader.values()
	if err != nil {
		return Vendoring{}, err
	}
	var places settings
	if err := places.place(values); err != nil {
		return Vendoring{}, err
	}
	v := Vendoring{Base: places.base, Components: places.components, Manifest: path.Join(places.base, "vendor.yaml"), Lock: path.Join(places.base, "vendor.lock.yaml")}
	if named := textOf(values, "vendor", "base_path"); named != "" && !path.IsAbs(named) && !strings.HasPrefix(path.Join(places.base, named), "../") {
		v.Manifest, v.Named = path.Join(places.base, named), true
	}
	if lock := textOf(values, "vendor", "lock_file"); lock != "" && !path.IsAbs(lock) {
		v.Lock = path.Join(places.base, lock)
	}
	return v, nil
}
