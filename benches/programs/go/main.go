// A Go program: workers hash blocks and count words, a map is sorted and printed. Each worker sleeps a millisecond after
// each block, as programs that poll or retry do; others work meanwhile, so that a host on which sleeping takes no time
// gains nothing by it.
//
// The first line depends on clock and randomness, the last one on neither.
package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"
)

const (
	workers   = 8
	blocks    = 48
	blockSize = 16 << 10
)

type counted struct {
	block int
	sum   [sha256.Size]byte
	words map[string]int
}

// text makes the block's words, the same on each run.
func text(block int) string {
	syllables := []string{"ka", "lo", "mi", "ne", "ru", "sa", "to", "vi"}
	var out strings.Builder
	for state := uint32(block + 1); out.Len() < blockSize; {
		state = state*1664525 + 1013904223
		for left := state >> 30; ; left-- {
			out.WriteString(syllables[state>>(20+left*3)&7])
			if left == 0 {
				break
			}
		}
		out.WriteByte(' ')
	}
	return out.String()
}

func count(block int) counted {
	made := text(block)
	words := make(map[string]int)
	for _, word := range strings.Fields(made) {
		words[word]++
	}
	return counted{block, sha256.Sum256([]byte(made)), words}
}

func main() {
	start := time.Now()
	nonce := make([]byte, 8)
	if _, err := rand.Read(nonce); err != nil {
		panic(err)
	}
	fmt.Printf("run %x at %s\n", nonce, start.UTC().Format(time.RFC3339))

	jobs, results := make(chan int), make(chan counted, workers)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for block := range jobs {
				results <- count(block)
				time.Sleep(time.Millisecond)
			}
		})
	}
	go func() {
		for block := range blocks {
			jobs <- block
		}
		close(jobs)
		group.Wait()
		close(results)
	}()

	total := make(map[string]int)
	sums := make([][sha256.Size]byte, blocks)
	for result := range results {
		sums[result.block] = result.sum
		for word, times := range result.words {
			total[word] += times
		}
	}

	words := make([]string, 0, len(total))
	for word := range total {
		words = append(words, word)
	}
	sort.Slice(words, func(i, j int) bool {
		a, b := words[i], words[j]
		return total[a] > total[b] || total[a] == total[b] && a < b
	})
	digest := sha256.New()
	for rank, word := range words {
		if rank < 20 {
			// As a log does, a write for each line.
			fmt.Printf("%2d %-12s %d\n", rank+1, word, total[word])
		}
		fmt.Fprintf(digest, "%s %d\n", word, total[word])
	}
	for _, sum := range sums {
		digest.Write(sum[:])
	}
	if err := binary.Write(digest, binary.LittleEndian, int64(len(words))); err != nil {
		panic(err)
	}
	if time.Since(start) <= 0 {
		panic("the clock stood still")
	}
	fmt.Printf("digest %s\n", hex.EncodeToString(digest.Sum(nil)[:8]))
}
