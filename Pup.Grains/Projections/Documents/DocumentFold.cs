using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Pup.Grains.Partitions;

namespace Pup.Grains.Projections.Documents;

/// <summary>
/// Applies a batch: loads what is not remembered in one query, folds in memory, writes each changed document once. A batch
/// whose documents are large is folded in several runs, so that memory stays bounded; the transaction stays one.
/// </summary>
internal sealed class DocumentFold<TDocument>(DocumentTable table, DocumentJson<TDocument> json, DocumentApply<TDocument> apply, DocumentCache cache)
    where TDocument : class
{
    private readonly Dictionary<string, DocumentSlot<TDocument>> _slots = new(StringComparer.Ordinal);
    private readonly List<string> _missing = [];
    private readonly RunLimit _limit = new();
    private long _bytes;

    public async ValueTask HandleAsync(IReadOnlyList<WorkItem> items, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        for (var start = 0; start < items.Count;)
        {
            var end = Gather(items, start);
            transaction.CurrentItem = -1;
            if (_missing.Count > 0)
                await LoadAsync(transaction, cancellationToken);
            Fold(items, start, end, transaction, cancellationToken);
            Write(items, transaction);
            _limit.Ran(_slots.Count, _bytes);
            start = end;
        }
    }

    // The documents of the next run, and the index after its last item.
    private int Gather(IReadOnlyList<WorkItem> items, int start)
    {
        _slots.Clear();
        _missing.Clear();
        _bytes = 0;
        for (var i = start; i < items.Count; i++)
        {
            var id = items[i].Key;
            if (_slots.ContainsKey(id))
                continue;
            if (_slots.Count >= _limit.Documents)
                return i;

            var slot = new DocumentSlot<TDocument>(id, i);
            _slots.Add(id, slot);
            if (cache.TryGet(id, out var stored))
                Remember(slot, stored.Value);
            else
                _missing.Add(id);
        }

        return items.Count;
    }

    private async ValueTask LoadAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var query = new NpgsqlBatchCommand(table.LoadMany)
        {
            Parameters = { new NpgsqlParameter<string[]> { TypedValue = _missing.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text } },
        };
        await using var reader = await transaction.QueryAsync(query, cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            Remember(_slots[reader.GetString(0)], new StoredJson(reader.GetFieldValue<byte[]>(1), AsWritten: false));
    }

    private void Remember(DocumentSlot<TDocument> slot, StoredJson stored)
    {
        slot.Stored = stored;
        _bytes += stored.Utf8.Length;
    }

    private void Fold(IReadOnlyList<WorkItem> items, int start, int end, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        for (var i = start; i < end; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            transaction.CurrentItem = i;
            var slot = _slots[items[i].Key];
            if (slot.LastItem < 0 && slot.Stored is { } stored)
                slot.Document = slot.Before = Read(slot, stored);
            slot.Document = apply(slot.Id, slot.Document, items[i].Event);
            slot.LastItem = i;
        }
    }

    private void Write(IReadOnlyList<WorkItem> items, ProjectionTransaction transaction)
    {
        var writer = new DocumentWriter(table, transaction);
        foreach (var slot in _slots.Values)
        {
            transaction.CurrentItem = slot.LastItem;
            if (slot.Document is null)
            {
                if (slot.Stored is not null)
                    writer.Delete(slot.Id);
                cache.Remove(slot.Id);
            }
            else if (Changed(slot) is { } utf8)
            {
                _bytes += utf8.Length;
                writer.Upsert(slot.Id, utf8, items[slot.LastItem].Event.GlobalPosition);
                cache.Put(slot.Id, new StoredJson(utf8, AsWritten: true));
            }
            else
            {
                cache.Put(slot.Id, slot.Stored!.Value);
            }
        }

        writer.Flush();
    }

    // The document's new bytes, or null when they are those that the table holds.
    private byte[]? Changed(DocumentSlot<TDocument> slot)
    {
        var utf8 = Serialise(slot, slot.Document!);
        if (slot.Stored is not { } stored)
            return utf8.ToArray();
        if (stored.AsWritten)
            return utf8.SequenceEqual(stored.Utf8) ? null : utf8.ToArray();

        var written = utf8.ToArray();
        // The very object that was read: either its events did not concern it, or Apply changed it in place. What was read tells.
        return ReferenceEquals(slot.Document, slot.Before) && Serialise(slot, Read(slot, stored)).SequenceEqual(written) ? null : written;
    }

    private ReadOnlySpan<byte> Serialise(DocumentSlot<TDocument> slot, TDocument document)
    {
        try
        {
            var utf8 = json.Serialise(document);
            return !JsonText.ContainsNul(utf8)
                ? utf8
                : throw new InvalidOperationException($"Document '{slot.Id}' for table {table.Name} contains the character NUL in a text, which jsonb cannot hold. Remove it in Apply.");
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or ArgumentException)
        {
            throw new InvalidOperationException($"Document '{slot.Id}' for table {table.Name} cannot be written as JSON: {exception.Message}", exception);
        }
    }

    private TDocument Read(DocumentSlot<TDocument> slot, StoredJson stored)
    {
        try
        {
            return json.Deserialise(stored.Utf8) ?? throw new JsonException("It is null.");
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw new InvalidOperationException(
                $"Document '{slot.Id}' of table {table.Name} cannot be read as {typeof(TDocument).Name}: {exception.Message} If its shape has changed, raise DocumentVersion and rebuild.",
                exception);
        }
    }
}
