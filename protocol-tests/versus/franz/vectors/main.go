// Command vectors is what franz-go is made to say while capture records it, at the versions of
// several releases of Apache Kafka.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

const name = "franz-go"

var bootstrap []string

type release struct {
	name     string
	versions *kversion.Versions
}

var releases = []release{
	{"stable", kversion.Stable()},
	{"3.6", kversion.V3_6_0()},
	{"3.3", kversion.V3_3_0()},
	{"3.0", kversion.V3_0_0()},
	{"2.8", kversion.V2_8_0()},
	{"2.5", kversion.V2_5_0()},
	{"2.4", kversion.V2_4_0()},
	{"2.3", kversion.V2_3_0()},
	{"2.2", kversion.V2_2_0()},
	{"2.1", kversion.V2_1_0()},
	{"2.0", kversion.V2_0_0()},
	{"1.1", kversion.V1_1_0()},
	{"1.0", kversion.V1_0_0()},
	{"0.11", kversion.V0_11_0()},
}

func main() {
	bootstrap = strings.Split(os.Args[1], ",")
	fmt.Printf("client: franz-go %s\n", version())
	for _, release := range releases {
		step(release.name+": topics", func() error { return topics(release) })
		step(release.name+": codecs", func() error { return codecs(release) })
		step(release.name+": transactions", func() error { return transactions(release) })
		step(release.name+": group", func() error { return group(release) })
		step(release.name+": lookups", func() error { return lookUps(release) })
	}
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, dependency := range info.Deps {
			if dependency.Path == "github.com/twmb/franz-go" {
				return dependency.Version
			}
		}
	}
	return "of an unknown version"
}

// step prints a refusal: it is part of the recording.
func step(what string, run func() error) {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "    %s: %v\n", what, err)
	}
}

func client(release release, options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(bootstrap...),
		kgo.ClientID("vectors-" + name),
		kgo.MaxVersions(release.versions),
		kgo.RequestRetries(3),
		kgo.RetryTimeout(15 * time.Second),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}, options...)...)
}

func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 20*time.Second)
}

func topicOf(release release, what string) string {
	return fmt.Sprintf("%s-%s-%s", name, release.name, what)
}

func topics(release release) error {
	c, err := client(release)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := patience()
	defer cancel()
	request := kmsg.NewPtrCreateTopicsRequest()
	for _, what := range []string{"codecs", "transactions", "group"} {
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic = topicOf(release, what)
		topic.NumPartitions = 1
		topic.ReplicationFactor = 2
		request.Topics = append(request.Topics, topic)
	}
	request.TimeoutMillis = 10_000
	_, err = request.RequestWith(ctx, c)
	return err
}

func some(topic string, count int) []*kgo.Record {
	var records []*kgo.Record
	for i := 0; i < count; i++ {
		records = append(records, &kgo.Record{
			Topic:     topic,
			Key:       []byte(fmt.Sprintf("key-%d", i)),
			Value:     []byte(fmt.Sprintf("value value value value value %d", i)),
			Timestamp: time.UnixMilli(1_700_000_000_000 + int64(i)),
			Headers: []kgo.RecordHeader{
				{Key: "trace", Value: []byte("0123456789abcdef")}, {Key: "null", Value: nil},
			},
		})
	}
	return records
}

func codecs(release release) error {
	topic := topicOf(release, "codecs")
	for _, codec := range []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(),
		kgo.Lz4Compression(), kgo.ZstdCompression(),
	} {
		for _, idempotent := range []bool{true, false} {
			options := []kgo.Opt{
				kgo.ProducerBatchCompression(codec), kgo.ProducerLinger(100 * time.Millisecond),
			}
			if !idempotent {
				options = append(options, kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.LeaderAck()))
			}
			c, err := client(release, options...)
			if err != nil {
				return err
			}
			ctx, cancel := patience()
			err = c.ProduceSync(ctx, some(topic, 4)...).FirstErr()
			if err == nil {
				err = c.ProduceSync(ctx, &kgo.Record{Topic: topic}).FirstErr()
			}
			cancel()
			c.Close()
			if err != nil {
				return err
			}
		}
	}
	return read(release, topic)
}

func read(release release, topic string, options ...kgo.Opt) error {
	c, err := client(release, append([]kgo.Opt{
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}),
		kgo.FetchMaxPartitionBytes(600),
		kgo.FetchMaxWait(300 * time.Millisecond),
	}, options...)...)
	if err != nil {
		return err
	}
	defer c.Close()
	return poll(c)
}

// poll reads until nothing more comes for a while.
func poll(c *kgo.Client) error {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 800*time.Millisecond)
		fetches := c.PollFetches(ctx)
		cancel()
		if fetches.NumRecords() == 0 {
			return nil
		}
	}
}

func transactions(release release) error {
	topic := topicOf(release, "transactions")
	c, err := client(release, kgo.TransactionalID(topic), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return err
	}
	defer c.Close()
	for _, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		ctx, cancel := patience()
		err := c.BeginTransaction()
		if err == nil {
			err = c.ProduceSync(ctx, some(topic, 2)...).FirstErr()
		}
		if err == nil {
			err = c.EndTransaction(ctx, commit)
		}
		cancel()
		if err != nil {
			return err
		}
	}
	return read(release, topic, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
}

func group(release release) error {
	topic := topicOf(release, "group")
	producer, err := client(release)
	if err != nil {
		return err
	}
	ctx, cancel := patience()
	defer cancel()
	err = producer.ProduceSync(ctx, some(topic, 2)...).FirstErr()
	producer.Close()
	if err != nil {
		return err
	}
	var members []*kgo.Client
	for i := 0; i < 2; i++ {
		member, err := client(release, kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(),
			kgo.HeartbeatInterval(300*time.Millisecond))
		if err != nil {
			return err
		}
		members = append(members, member)
		if err := poll(member); err != nil {
			return err
		}
	}
	err = members[0].CommitUncommittedOffsets(ctx)
	for _, member := range members {
		member.Close()
	}
	return err
}

func lookUps(release release) error {
	c, err := client(release)
	if err != nil {
		return err
	}
	defer c.Close()
	topic := topicOf(release, "codecs")
	group := topicOf(release, "group")

	metadata := kmsg.NewPtrMetadataRequest()
	for _, name := range []string{topic, "franz-go-missing"} {
		one := kmsg.NewMetadataRequestTopic()
		one.Topic = kmsg.StringPtr(name)
		metadata.Topics = append(metadata.Topics, one)
	}
	offsets := kmsg.NewPtrListOffsetsRequest()
	offsetsTopic := kmsg.NewListOffsetsRequestTopic()
	offsetsTopic.Topic = topic
	for _, timestamp := range []int64{-1} {
		partition := kmsg.NewListOffsetsRequestTopicPartition()
		partition.Timestamp = timestamp
		offsetsTopic.Partitions = append(offsetsTopic.Partitions, partition)
	}
	offsets.Topics = append(offsets.Topics, offsetsTopic)
	committed := kmsg.NewPtrOffsetFetchRequest()
	committed.Group = group
	described := kmsg.NewPtrDescribeGroupsRequest()
	described.Groups = []string{group, "franz-go-missing"}
	configs := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType = kmsg.ConfigResourceTypeTopic
	resource.ResourceName = topic
	resource.ConfigNames = []string{"retention.ms", "cleanup.policy"}
	configs.Resources = append(configs.Resources, resource)
	broker := kmsg.NewDescribeConfigsRequestResource()
	broker.ResourceType = kmsg.ConfigResourceTypeBroker
	broker.ResourceName = "1"
	broker.ConfigNames = []string{"log.cleaner.backoff.ms", "message.max.bytes"}
	configs.Resources = append(configs.Resources, broker)
	epochs := kmsg.NewPtrOffsetForLeaderEpochRequest()
	epochsTopic := kmsg.NewOffsetForLeaderEpochRequestTopic()
	epochsTopic.Topic = topic
	epochsTopic.Partitions = append(epochsTopic.Partitions, kmsg.NewOffsetForLeaderEpochRequestTopicPartition())
	epochs.Topics = append(epochs.Topics, epochsTopic)
	handshake := kmsg.NewPtrSASLHandshakeRequest()
	handshake.Mechanism = "PLAIN"
	deleted := kmsg.NewPtrDeleteTopicsRequest()
	deleted.TopicNames = []string{"franz-go-missing"}
	deletedTopic := kmsg.NewDeleteTopicsRequestTopic()
	deletedTopic.Topic = kmsg.StringPtr("franz-go-missing")
	deleted.Topics = append(deleted.Topics, deletedTopic)

	for _, request := range []kmsg.Request{
		metadata, offsets, committed, described, configs, epochs, handshake, deleted,
		kmsg.NewPtrListGroupsRequest(), kmsg.NewPtrDescribeClusterRequest(),
		kmsg.NewPtrListTransactionsRequest(),
	} {
		step(release.name+": "+kmsg.NameForKey(request.Key()), func() error {
			ctx, cancel := patience()
			defer cancel()
			response, err := c.Request(ctx, request)
			if err == nil && response == nil {
				err = kerr.UnknownServerError
			}
			return err
		})
	}
	return nil
}
