using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Pup.Silo.Demo.History;

/// <summary>
/// Reads the output of <c>git log -z --raw --numstat</c> with the format below. Per commit: three header pieces, then
/// for every file a piece that starts with ':' and one that is its path, then for every file its line counts.
/// </summary>
internal sealed class GitLogParser(Stream output)
{
    public const string Format = "commit %H%x00%ct%x00%ae";
    private const int AuthorDigits = 12;

    private readonly NulTokens _tokens = new(output);

    public async IAsyncEnumerable<Commit> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var token = await _tokens.NextAsync(cancellationToken);
        while (token is { } header)
        {
            var hash = CommitHash(header.Span);
            var at = Number(await RequireAsync(cancellationToken));
            var author = AuthorOf((await RequireAsync(cancellationToken)).Span);
            var changes = new List<FileChange>();
            var places = new Dictionary<string, int>(StringComparer.Ordinal);
            while ((token = await _tokens.NextAsync(cancellationToken)) is { } piece && !IsHeader(piece.Span))
            {
                // A blank line separates the header from the files.
                if (TrimStart(piece.Span) is [(byte)':', ..] raw)
                {
                    var kind = KindOf(raw);
                    var path = GitPath.NameOf((await RequireAsync(cancellationToken)).Span);
                    places[path] = changes.Count;
                    changes.Add(new FileChange(path, kind, 0, 0));
                }
                else
                {
                    ApplyCounts(TrimStart(piece.Span), changes, places);
                }
            }

            yield return new Commit(hash, at, author, changes);
        }
    }

    // numstat: added, tab, removed, tab, path; '-' for a binary file.
    private static void ApplyCounts(ReadOnlySpan<byte> piece, List<FileChange> changes, Dictionary<string, int> places)
    {
        var first = piece.IndexOf((byte)'\t');
        var second = first < 0 ? -1 : piece[(first + 1)..].IndexOf((byte)'\t');
        if (second < 0 || !places.TryGetValue(GitPath.NameOf(piece[(first + second + 2)..]), out var place))
            throw Unexpected(piece);
        changes[place] = changes[place] with { Added = Count(piece[..first]), Removed = Count(piece.Slice(first + 1, second)) };
    }

    private static int? Count(ReadOnlySpan<byte> digits) =>
        digits is [(byte)'-'] ? null : Utf8Parser.TryParse(digits, out int number, out _) ? number : throw Unexpected(digits);

    // ":100644 100755 <old> <new> M": the status is the last word.
    private static ChangeKind KindOf(ReadOnlySpan<byte> raw) => (char)raw[raw.LastIndexOf((byte)' ') + 1] switch
    {
        'A' => ChangeKind.Added,
        'D' => ChangeKind.Deleted,
        'M' or 'T' => ChangeKind.Modified,
        _ => throw Unexpected(raw),
    };

    private static bool IsHeader(ReadOnlySpan<byte> piece) => TrimStart(piece).StartsWith("commit "u8);

    private static string CommitHash(ReadOnlySpan<byte> header) =>
        IsHeader(header) ? Encoding.ASCII.GetString(TrimStart(header)["commit ".Length..]) : throw Unexpected(header);

    private static string AuthorOf(ReadOnlySpan<byte> email) => Convert.ToHexStringLower(SHA256.HashData(email))[..AuthorDigits];

    private static long Number(ReadOnlyMemory<byte> digits) =>
        Utf8Parser.TryParse(digits.Span, out long number, out _) ? number : throw Unexpected(digits.Span);

    private static ReadOnlySpan<byte> TrimStart(ReadOnlySpan<byte> piece) => piece.TrimStart((byte)'\n');

    private static HistoryException Unexpected(ReadOnlySpan<byte> piece) =>
        new($"git said something that is not understood here: '{GitPath.NameOf(piece[..Math.Min(piece.Length, 200)])}'.");

    private async ValueTask<ReadOnlyMemory<byte>> RequireAsync(CancellationToken cancellationToken) =>
        await _tokens.NextAsync(cancellationToken) ?? throw new HistoryException("The output of git ended in the middle of a commit.");
}
