using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pup.Client.Events;
using Pup.Silo.Demo.History;

namespace Pup.Silo.Demo.Import;

/// <summary>A commit as events: one per file change, then one for its author. Pure: the same commit makes the same events, ids included.</summary>
internal static class SourceEvents
{
    public const string Context = "Source";
    public const string FileAggregate = "File";
    public const string AuthorAggregate = "Author";
    public const string CommitAuthored = "CommitAuthored";

    // Namespace of the event ids, drawn once at random.
    private static readonly byte[] Namespace = new Guid("6ad1f0a5-4a6e-4a5e-9d8f-52b7f6a3c0de").ToByteArray(bigEndian: true);

    public static IEnumerable<AggregateEvent> Of(Commit commit) =>
        [.. commit.Changes.Select(change => FileEvent(commit, change)), AuthorEvent(commit)];

    public static string EventTypeOf(ChangeKind kind) => kind switch
    {
        ChangeKind.Added => "FileAdded",
        ChangeKind.Deleted => "FileDeleted",
        _ => "FileModified",
    };

    // A UUID of version 8 (RFC 9562): as version 5, but with SHA-256.
    public static Guid EventId(string commit, string path)
    {
        var hash = SHA256.HashData([.. Namespace, .. Encoding.UTF8.GetBytes(commit), 0, .. Encoding.UTF8.GetBytes(path)]);
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }

    private static AggregateEvent FileEvent(Commit commit, FileChange change) => new(FileAggregate, change.Path, new Event
    {
        EventId = EventId(commit.Hash, change.Path),
        EventType = EventTypeOf(change.Kind),
        CorrelationId = commit.Hash,
        Payload = Payload(commit, json =>
        {
            json.WriteString("path", change.Path);
            WriteCounts(json, change.Added, change.Removed);
        }),
    });

    // The path is empty, which no file's is.
    private static AggregateEvent AuthorEvent(Commit commit) => new(AuthorAggregate, commit.Author, new Event
    {
        EventId = EventId(commit.Hash, ""),
        EventType = CommitAuthored,
        CorrelationId = commit.Hash,
        Payload = Payload(commit, json =>
        {
            json.WriteNumber("files", commit.Changes.Count);
            WriteCounts(json, commit.Changes.Sum(change => change.Added ?? 0), commit.Changes.Sum(change => change.Removed ?? 0));
        }),
    });

    private static ReadOnlyMemory<byte> Payload(Commit commit, Action<Utf8JsonWriter> rest)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("commit", commit.Hash);
        json.WriteNumber("at", commit.At);
        json.WriteString("author", commit.Author);
        rest(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteCounts(Utf8JsonWriter json, int? added, int? removed)
    {
        Write("added", added);
        Write("removed", removed);
        void Write(string name, int? count)
        {
            if (count is { } number)
                json.WriteNumber(name, number);
            else
                json.WriteNull(name);
        }
    }
}
