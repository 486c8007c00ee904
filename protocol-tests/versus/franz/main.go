// Command franz runs one workload of versus with franz-go and prints one JSON line, with the flags
// and fields of the other workers.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	partitions = 6
	batchBytes = 128 << 10
	// A value pool of a power of two, made before the clock starts.
	poolSize = 1024
)

type line struct {
	Client         string   `json:"client"`
	Workload       string   `json:"workload"`
	Records        int64    `json:"records"`
	WallS          float64  `json:"wall_s"`
	CPUS           float64  `json:"cpu_s"`
	CPUNsPerRecord float64  `json:"cpu_ns_per_record"`
	MBPerS         float64  `json:"mb_per_s"`
	P50AckMs       *float64 `json:"p50_ack_ms"`
	P99AckMs       *float64 `json:"p99_ack_ms"`
	PeakRSSMB      float64  `json:"peak_rss_mb"`
}

type run struct {
	workload   string
	bootstrap  []string
	topic      string
	records    int64
	valueBytes int
	acks       []time.Duration
}

func main() {
	workload := flag.String("workload", "", "what to run")
	bootstrap := flag.String("bootstrap", "", "HOST:PORT,...")
	topic := flag.String("topic", "", "the topic")
	records := flag.Int64("records", 0, "how many records")
	flag.Parse()
	r := run{
		workload:   *workload,
		bootstrap:  strings.Split(*bootstrap, ","),
		topic:      *topic,
		records:    *records,
		valueBytes: 100,
	}
	if strings.HasSuffix(*workload, "-1k") {
		r.valueBytes = 1024
	}
	if err := r.measure(); err != nil {
		fmt.Fprintln(os.Stderr, "franz-go:", err)
		os.Exit(1)
	}
}

func (r *run) measure() error {
	pool := values(r.valueBytes)
	before := usage()
	start := time.Now()
	var err error
	if strings.HasPrefix(r.workload, "consume") {
		err = r.consume()
	} else {
		err = r.produce(pool)
	}
	if err != nil {
		return err
	}
	wall := time.Since(start).Seconds()
	after := usage()
	cpu := cpuSeconds(after) - cpuSeconds(before)
	out := line{
		Client:         "franz-go",
		Workload:       r.workload,
		Records:        r.records,
		WallS:          wall,
		CPUS:           cpu,
		CPUNsPerRecord: cpu * 1e9 / float64(r.records),
		MBPerS:         float64(r.records) * float64(r.valueBytes) / 1e6 / wall,
		// Linux counts in KiB.
		PeakRSSMB: float64(after.Maxrss) * 1024 / 1e6,
	}
	if len(r.acks) > 0 {
		sort.Slice(r.acks, func(i, j int) bool { return r.acks[i] < r.acks[j] })
		at := func(share float64) *float64 {
			ms := float64(r.acks[int(float64(len(r.acks)-1)*share)]) / 1e6
			return &ms
		}
		out.P50AckMs, out.P99AckMs = at(0.5), at(0.99)
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func (r *run) produce(pool [][]byte) error {
	latency := r.workload == "latency"
	linger, every := 5*time.Millisecond, int64(1024)
	if latency {
		linger, every = 0, 1
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(r.bootstrap...),
		kgo.DefaultProduceTopic(r.topic),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerLinger(linger),
		kgo.ProducerBatchMaxBytes(batchBytes),
		// The buffer is bounded by bytes, as in the other clients.
		kgo.MaxBufferedRecords(10_000_000),
		kgo.MaxBufferedBytes(64<<20),
		kgo.RecordPartitioner(kgo.StickyPartitioner()),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	var delivered atomic.Int64
	var firstErr atomic.Pointer[error]
	var mu sync.Mutex
	done := func(_ *kgo.Record, err error) {
		if err != nil {
			firstErr.CompareAndSwap(nil, &err)
			return
		}
		delivered.Add(1)
	}
	ctx := context.Background()
	start := time.Now()
	for i := int64(0); i < r.records; i++ {
		if latency {
			time.Sleep(time.Until(start.Add(time.Duration(i) * time.Millisecond)))
		}
		promise := done
		if i%every == 0 {
			sent := time.Now()
			promise = func(record *kgo.Record, err error) {
				took := time.Since(sent)
				mu.Lock()
				r.acks = append(r.acks, took)
				mu.Unlock()
				done(record, err)
			}
		}
		client.Produce(ctx, &kgo.Record{Value: pool[i&(poolSize-1)]}, promise)
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	if err := firstErr.Load(); err != nil {
		return *err
	}
	if n := delivered.Load(); n != r.records {
		return fmt.Errorf("%d delivered of %d", n, r.records)
	}
	return nil
}

func (r *run) consume() error {
	offsets := make(map[int32]kgo.Offset)
	for p := int32(0); p < partitions; p++ {
		offsets[p] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(r.bootstrap...),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{r.topic: offsets}),
		kgo.FetchMinBytes(1),
		kgo.FetchMaxBytes(50<<20),
		kgo.FetchMaxPartitionBytes(1<<20),
		kgo.FetchMaxWait(500*time.Millisecond),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	var records, bytes int64
	for records < r.records {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		fetches := client.PollFetches(ctx)
		cancel()
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(record *kgo.Record) {
			records++
			bytes += int64(len(record.Value))
		})
	}
	if records != r.records || bytes != r.records*int64(r.valueBytes) {
		return errors.New("read other records than were written")
	}
	return nil
}

func values(size int) [][]byte {
	state := uint64(0x9e3779b97f4a7c15)
	pool := make([][]byte, poolSize)
	for i := range pool {
		pool[i] = make([]byte, size)
		for j := range pool[i] {
			state ^= state << 13
			state ^= state >> 7
			state ^= state << 17
			pool[i][j] = byte(state)
		}
	}
	return pool
}

func usage() syscall.Rusage {
	var u syscall.Rusage
	// Fails only for an invalid argument.
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u
}

func cpuSeconds(u syscall.Rusage) float64 {
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
