using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Pup.Silo.Demo.History;

/// <summary>File changes as one JSON object a line, plain or gzip; consecutive lines of one commit belong together.</summary>
internal sealed class NdjsonHistory(string path) : IHistory
{
    private long _length = 1;
    private Stream? _file;

    public string Name => path;

    public double Done => _file is null ? 0 : _file.CanRead ? Math.Min(1, (double)_file.Position / _length) : 1;

    public async IAsyncEnumerable<Commit> ReadAsync(string? last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(Open(), new UTF8Encoding(false, throwOnInvalidBytes: true));
        NdjsonChange? first = null;
        var changes = new List<FileChange>();
        var skipping = last is not null;
        await foreach (var change in ReadLinesAsync(reader, cancellationToken))
        {
            if (first is not null && change.Commit != first.Commit)
            {
                if (!skipping)
                    yield return new Commit(first.Commit, first.At, first.Author, changes);
                skipping &= first.Commit != last;
                changes = [];
                first = null;
            }

            first ??= change;
            changes.Add(change.File);
        }

        if (first is null)
            throw new HistoryException($"{path} holds no file changes.");
        if (!skipping)
            yield return new Commit(first.Commit, first.At, first.Author, changes);
        else if (first.Commit != last)
            throw HistoryException.Rewritten(path, last!);
    }

    private async IAsyncEnumerable<NdjsonChange> ReadLinesAsync(StreamReader reader, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var number = 1L; await LineAsync(reader, number, cancellationToken) is { } line; number++)
        {
            if (!string.IsNullOrWhiteSpace(line))
                yield return Parse(line, number);
        }
    }

    private async ValueTask<string?> LineAsync(StreamReader reader, long number, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or DecoderFallbackException or IOException)
        {
            throw new HistoryException($"{path} cannot be read beyond line {number}: {e.Message}");
        }
    }

    private NdjsonChange Parse(string line, long number)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return NdjsonChange.From(json.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new HistoryException(
                $"{path} line {number} is not a file change: expected an object with commit, at, author, path, change (added, modified or deleted), insertions and deletions.");
        }
    }

    private Stream Open()
    {
        try
        {
            var file = File.OpenRead(path);
            (_file, _length) = (file, Math.Max(1, file.Length));
            var isGzip = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
            file.Position = 0;
            return isGzip ? new GZipStream(file, CompressionMode.Decompress) : file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HistoryException($"{path} cannot be read: {e.Message}");
        }
    }
}
