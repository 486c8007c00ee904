import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Readable;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.DefaultRecordBatch;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MemoryRecordsBuilder;
import org.apache.kafka.common.record.MutableRecordBatch;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.SimpleRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.CloseableIterator;

/**
 * Apache Kafka's own classes, asked over a pipe what they make of our bytes.
 *
 * Runs as one file: java -cp 'libs/*' Peer.java. Everything is big endian. A question is a length,
 * a letter that says what is asked, a count, and as many items with a length each; its answer is a
 * length and for each item a status (0: done, 1: refused, with the reason as text), a length and
 * the result. protocol-tests/src/java_peer/ is the other side and describes the items.
 */
public final class Peer {
    private static final byte DONE = 0;
    private static final byte REFUSED = 1;

    /** Where the generated classes are: messages have a suffix, the others have none. */
    private static final String[] MESSAGE_CLASSES = {
        "org.apache.kafka.common.message.%sData",
        "org.apache.kafka.common.message.%s",
        "org.apache.kafka.coordinator.group.generated.%s",
        "org.apache.kafka.coordinator.transaction.generated.%s",
    };

    private static final Map<String, Generated> GENERATED = new HashMap<>();

    private Peer() { }

    public static void main(String[] arguments) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
        // Nothing but answers may reach standard output.
        System.setOut(new PrintStream(System.err));
        while (true) {
            int length;
            try {
                length = in.readInt();
            } catch (EOFException end) {
                return;
            }
            byte[] question = new byte[length];
            in.readFully(question);
            byte[] answer = answer(question);
            out.writeInt(answer.length);
            out.write(answer);
            out.flush();
        }
    }

    private static byte[] answer(byte[] question) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(question));
        ByteArrayOutputStream answer = new ByteArrayOutputStream(question.length);
        DataOutputStream out = new DataOutputStream(answer);
        char what = (char) in.readByte();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            byte[] item = new byte[in.readInt()];
            in.readFully(item);
            byte status = DONE;
            byte[] result;
            try {
                result = answerItem(what, item);
            } catch (Throwable refusal) {
                status = REFUSED;
                result = describe(refusal).getBytes(StandardCharsets.UTF_8);
            }
            out.writeByte(status);
            out.writeInt(result.length);
            out.write(result);
        }
        return answer.toByteArray();
    }

    private static byte[] answerItem(char what, byte[] item) throws Exception {
        switch (what) {
            case 'M':
                return rewriteMessage(item);
            case 'R':
                return readBatches(item);
            case 'W':
                return writeBatch(item);
            default:
                throw new IllegalArgumentException("nobody knows how to answer " + what);
        }
    }

    private static String describe(Throwable refusal) {
        Throwable cause = refusal;
        while (cause instanceof InvocationTargetException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        StackTraceElement[] trace = cause.getStackTrace();
        String place = trace.length == 0 ? "" : " at " + trace[0];
        return cause + place;
    }

    // ---- messages ----

    /** One generated class and the converter that belongs to it. */
    private static final class Generated {
        final Constructor<?> read;
        final Method fromJson;
        final Method toJson;
        final short lowest;
        final short highest;

        Generated(Class<?> type) throws ReflectiveOperationException {
            read = type.getConstructor(Readable.class, short.class);
            Class<?> converter = Class.forName(type.getName() + "JsonConverter");
            fromJson = converter.getMethod("read", JsonNode.class, short.class);
            toJson = converter.getMethod("write", type, short.class);
            lowest = type.getField("LOWEST_SUPPORTED_VERSION").getShort(null);
            highest = type.getField("HIGHEST_SUPPORTED_VERSION").getShort(null);
        }

        /** The classes look at the version only when they write. */
        void checkVersion(short version) {
            if (version < lowest || version > highest) {
                throw new UnsupportedVersionException(lowest + " to " + highest + " are there");
            }
        }

        static Generated named(String name) throws ReflectiveOperationException {
            Generated known = GENERATED.get(name);
            if (known != null) {
                return known;
            }
            for (String pattern : MESSAGE_CLASSES) {
                Class<?> type;
                try {
                    type = Class.forName(String.format(pattern, name));
                } catch (ClassNotFoundException elsewhere) {
                    continue;
                }
                Generated found = new Generated(type);
                GENERATED.put(name, found);
                return found;
            }
            throw new ClassNotFoundException("no generated class for " + name);
        }
    }

    /** Item: name, version, whether through JSON, bytes. Result: the bytes as Kafka writes them. */
    private static byte[] rewriteMessage(byte[] item) throws Exception {
        ByteBuffer in = ByteBuffer.wrap(item);
        byte[] name = new byte[in.getShort()];
        in.get(name);
        Generated generated = Generated.named(new String(name, StandardCharsets.UTF_8));
        short version = in.getShort();
        generated.checkVersion(version);
        boolean throughJson = in.get() != 0;
        ByteBufferAccessor accessor = new ByteBufferAccessor(in.slice());
        Message message = (Message) generated.read.newInstance(accessor, version);
        if (accessor.remaining() != 0) {
            throw new IllegalStateException(accessor.remaining() + " bytes are left over");
        }
        if (throughJson) {
            JsonNode json = (JsonNode) generated.toJson.invoke(null, message, version);
            Message again = (Message) generated.fromJson.invoke(null, json, version);
            if (!again.equals(message)) {
                throw new IllegalStateException("it differs after JSON: " + message + ", " + again);
            }
            message = again;
        }
        return write(message, version);
    }

    private static byte[] write(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer out = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(out), cache, version);
        if (out.hasRemaining()) {
            throw new IllegalStateException("it is " + out.remaining() + " bytes shorter than it says");
        }
        return out.array();
    }

    // ---- batches, read ----

    /** Item: a records field. Result: what Kafka reads in it, batch by batch. */
    private static byte[] readBatches(byte[] item) throws IOException {
        ByteArrayOutputStream result = new ByteArrayOutputStream(item.length * 2);
        DataOutputStream out = new DataOutputStream(result);
        List<MutableRecordBatch> batches = new ArrayList<>();
        MemoryRecords.readableRecords(ByteBuffer.wrap(item)).batches().forEach(batches::add);
        out.writeInt(batches.size());
        for (MutableRecordBatch batch : batches) {
            batch.ensureValid();
            putBatch(out, (DefaultRecordBatch) batch);
        }
        return result.toByteArray();
    }

    private static void putBatch(DataOutputStream out, DefaultRecordBatch batch) throws IOException {
        out.writeLong(batch.baseOffset());
        out.writeLong(batch.lastOffset());
        out.writeLong(batch.nextOffset());
        out.writeInt(batch.partitionLeaderEpoch());
        out.writeByte(batch.compressionType().id);
        out.writeByte(flags(batch));
        out.writeLong(batch.baseTimestamp());
        out.writeLong(batch.maxTimestamp());
        out.writeLong(batch.deleteHorizonMs().orElse(RecordBatch.NO_TIMESTAMP));
        out.writeLong(batch.producerId());
        out.writeShort(batch.producerEpoch());
        out.writeInt(batch.baseSequence());
        out.writeInt(batch.lastSequence());
        out.writeInt(batch.countOrNull());
        try (CloseableIterator<Record> records = batch.streamingIterator(BufferSupplier.NO_CACHING)) {
            while (records.hasNext()) {
                putRecord(out, records.next(), batch.isControlBatch());
            }
        }
    }

    private static final int LOG_APPEND_TIME = 1;
    private static final int TRANSACTIONAL = 2;
    private static final int CONTROL = 4;

    private static int flags(RecordBatch batch) {
        return (batch.timestampType() == TimestampType.LOG_APPEND_TIME ? LOG_APPEND_TIME : 0)
            | (batch.isTransactional() ? TRANSACTIONAL : 0)
            | (batch.isControlBatch() ? CONTROL : 0);
    }

    private static void putRecord(DataOutputStream out, Record record, boolean control)
            throws IOException {
        record.ensureValid();
        out.writeLong(record.offset());
        out.writeLong(record.timestamp());
        out.writeInt(record.sequence());
        out.writeShort(control ? ControlRecordType.parseTypeId(record.key()) : -1);
        putBytes(out, record.hasKey() ? MessageUtil.byteBufferToArray(record.key()) : null);
        putBytes(out, record.hasValue() ? MessageUtil.byteBufferToArray(record.value()) : null);
        Header[] headers = record.headers();
        out.writeInt(headers.length);
        for (Header header : headers) {
            putBytes(out, header.key().getBytes(StandardCharsets.UTF_8));
            putBytes(out, header.value());
        }
    }

    private static void putBytes(DataOutputStream out, byte[] bytes) throws IOException {
        if (bytes == null) {
            out.writeInt(-1);
        } else {
            out.writeInt(bytes.length);
            out.write(bytes);
        }
    }

    // ---- batches, written ----

    /** Item: what a batch shall hold. Result: the batch. */
    private static byte[] writeBatch(byte[] item) {
        ByteBuffer in = ByteBuffer.wrap(item);
        Compression compression = compression(in.get(), in.getInt());
        int flags = in.get();
        long baseOffset = in.getLong();
        long lastOffset = in.getLong();
        int leaderEpoch = in.getInt();
        long appendTime = in.getLong();
        OptionalLong deleteHorizon = OptionalLong.of(in.getLong());
        long producerId = in.getLong();
        short producerEpoch = in.getShort();
        int baseSequence = in.getInt();
        int count = in.getInt();
        TimestampType timestamps = (flags & LOG_APPEND_TIME) != 0
            ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
        boolean transactional = (flags & TRANSACTIONAL) != 0;
        boolean control = (flags & CONTROL) != 0;
        if (count == 0) {
            ByteBuffer empty = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
            DefaultRecordBatch.writeEmptyHeader(empty, RecordBatch.MAGIC_VALUE_V2, producerId,
                producerEpoch, baseSequence, baseOffset, lastOffset, leaderEpoch, timestamps,
                appendTime, transactional, control);
            return empty.array();
        }
        MemoryRecordsBuilder builder = new MemoryRecordsBuilder(
            new ByteBufferOutputStream(1024), RecordBatch.MAGIC_VALUE_V2, compression, timestamps,
            baseOffset, appendTime, producerId, producerEpoch, baseSequence, transactional, control,
            leaderEpoch, Integer.MAX_VALUE, deleteHorizon.getAsLong());
        for (int i = 0; i < count; i++) {
            long offset = in.getLong();
            long timestamp = in.getLong();
            SimpleRecord record =
                new SimpleRecord(timestamp, takeBytes(in), takeBytes(in), takeHeaders(in));
            if (control) {
                builder.appendControlRecordWithOffset(offset, record);
            } else {
                builder.appendWithOffset(offset, record);
            }
        }
        builder.overrideLastOffset(lastOffset);
        return MessageUtil.byteBufferToArray(builder.build().buffer());
    }

    /** What to pass as a level for the codec's own default. */
    private static final int DEFAULT_LEVEL = Integer.MIN_VALUE;

    private static Compression compression(byte codec, int level) {
        CompressionType type = CompressionType.forId(codec);
        if (level == DEFAULT_LEVEL) {
            return Compression.of(type).build();
        }
        switch (type) {
            case GZIP:
                return Compression.gzip().level(level).build();
            case LZ4:
                return Compression.lz4().level(level).build();
            case ZSTD:
                return Compression.zstd().level(level).build();
            default:
                throw new IllegalArgumentException(type + " has no levels");
        }
    }

    private static byte[] takeBytes(ByteBuffer in) {
        int length = in.getInt();
        if (length < 0) {
            return null;
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }

    private static Header[] takeHeaders(ByteBuffer in) {
        Header[] headers = new Header[in.getInt()];
        for (int i = 0; i < headers.length; i++) {
            String key = new String(takeBytes(in), StandardCharsets.UTF_8);
            headers[i] = new RecordHeader(key, takeBytes(in));
        }
        return headers;
    }
}
