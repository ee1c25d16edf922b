// SPDX-License-Identifier: Apache-2.0

// Checks what an evidence log has handed out with the code of Go's checksum database.
//
//	check proof KEYS FILE            a C2SP tlog-proof that holds its entry
//	check growth KEYS OLD FILE       that a log goes on from an old checkpoint
//	check tiles KEYS FOLDER          that a folder of tiles leads to its checkpoint
package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var strict = base64.StdEncoding.Strict()

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Println("FALSE:", err)
		os.Exit(1)
	}
	fmt.Println("good")
}

func run(command, keys string, files []string) error {
	lines, err := os.ReadFile(keys)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.Split(string(lines), "\n")[0])
	if err != nil {
		return err
	}
	switch command {
	case "proof":
		return proof(verifier, files[0])
	case "growth":
		return growth(verifier, files[0], files[1])
	case "tiles":
		return tiles(verifier, files[0])
	}
	return errors.New("no such command")
}

// checkpoint opens a signed note and reads the tree in it.
func checkpoint(verifier note.Verifier, text []byte) (tree tlog.Tree, err error) {
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, errors.New("not a checkpoint of this log")
	}
	if tree.N, err = number(lines[1]); err != nil {
		return tree, err
	}
	tree.Hash, err = hash(lines[2])
	return tree, err
}

func proof(verifier note.Verifier, file string) error {
	head, tree, err := above(verifier, file)
	if err != nil {
		return err
	}
	if len(head) < 3 || head[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a proof")
	}
	entry, err := strict.DecodeString(strings.TrimPrefix(head[1], "extra "))
	if err != nil {
		return err
	}
	index, err := number(strings.TrimPrefix(head[2], "index "))
	if err != nil {
		return err
	}
	hashes, err := all(head[3:])
	if err != nil {
		return err
	}
	return tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func growth(verifier note.Verifier, old, file string) error {
	text, err := os.ReadFile(old)
	if err != nil {
		return err
	}
	before, err := checkpoint(verifier, text)
	if err != nil {
		return err
	}
	head, after, err := above(verifier, file)
	if err != nil {
		return err
	}
	if head[0] != fmt.Sprintf("old %d", before.N) {
		return errors.New("not about this older checkpoint")
	}
	hashes, err := all(head[1:])
	if err != nil {
		return err
	}
	return tlog.CheckTree(hashes, after.N, after.Hash, before.N, before.Hash)
}

func tiles(verifier note.Verifier, folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := checkpoint(verifier, text)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, exported(folder))
	for index := int64(0); index < tree.N; index++ {
		stored, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return err
		}
		shown, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(shown, tree.N, tree.Hash, index, stored[0]); err != nil {
			return err
		}
	}
	return nil
}

// exported reads tiles of height 8 as C2SP tlog-tiles names them.
type exported string

func (folder exported) Height() int { return 8 }

func (folder exported) SaveTiles([]tlog.Tile, [][]byte) {}

func (folder exported) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		name := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		data, err := os.ReadFile(filepath.Join(string(folder), name))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

// above returns the lines before the checkpoint of a file, and the tree of the checkpoint.
func above(verifier note.Verifier, file string) (lines []string, tree tlog.Tree, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, tree, err
	}
	head, below, found := strings.Cut(string(text), "\n\n")
	if !found {
		return nil, tree, errors.New("no checkpoint below")
	}
	tree, err = checkpoint(verifier, []byte(below))
	return strings.Split(head, "\n"), tree, err
}

func number(text string) (int64, error) {
	found, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(found, 10) != text {
		return 0, errors.New("not a number")
	}
	return found, nil
}

func hash(text string) (found tlog.Hash, err error) {
	data, err := strict.DecodeString(text)
	if err != nil || len(data) != tlog.HashSize {
		return found, errors.New("not a hash")
	}
	copy(found[:], data)
	return found, nil
}

func all(lines []string) (found []tlog.Hash, err error) {
	for _, line := range lines {
		one, err := hash(line)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}
