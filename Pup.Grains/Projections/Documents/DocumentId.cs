using System.Buffers;
using System.Text;

namespace Pup.Grains.Projections.Documents;

/// <summary>What can be the identity of a document: text that PostgreSQL can store and index as it is.</summary>
internal static class DocumentId
{
    // An entry of a btree index is at most 2,704 bytes; the log's own index on aggregate ids has the same bound.
    private const int MaxBytes = 2600;

    public static string Checked(string? id)
    {
        if (Problem(id) is { } problem)
            throw new ArgumentException(problem, nameof(id));
        return id!;
    }

    /// <summary>Says what is wrong with an identity, or null when nothing is.</summary>
    public static string? Problem(string? id) => id switch
    {
        null => "The identity of a document is null; leave it out instead.",
        _ when id.Contains('\0', StringComparison.Ordinal) => "The identity of a document contains the character NUL, which PostgreSQL cannot store.",
        _ when HasLoneSurrogate(id) => "The identity of a document contains half a surrogate pair, which is not Unicode text.",
        _ when id.Length > MaxBytes || Encoding.UTF8.GetByteCount(id) > MaxBytes =>
            $"The identity '{Beginning(id)}…' of a document is {Encoding.UTF8.GetByteCount(id):N0} bytes long; an index of PostgreSQL takes at most {MaxBytes:N0}. Use a digest of it.",
        _ => null,
    };

    private static bool HasLoneSurrogate(string id)
    {
        var rest = id.AsSpan();
        while (rest.IndexOfAnyInRange('\uD800', '\uDFFF') is var at and >= 0)
        {
            if (Rune.DecodeFromUtf16(rest[at..], out _, out var consumed) != OperationStatus.Done)
                return true;
            rest = rest[(at + consumed)..];
        }

        return false;
    }

    private static string Beginning(string id) => id[..(char.IsHighSurrogate(id[39]) ? 39 : 40)];
}
