using Npgsql;
using NpgsqlTypes;

namespace Pup.Grains.Projections.Documents;

/// <summary>Collects changed documents and queues them as few statements: one upsert, cut only where it grows too large, and one delete.</summary>
internal sealed class DocumentWriter(DocumentTable table, ProjectionTransaction transaction)
{
    // A parameter can be 1 GB at most, and its jsonb is built in the server's memory.
    private const long MostBytes = 16L << 20;

    private readonly List<string> _deleted = [];
    private readonly List<string> _ids = [];
    private readonly List<byte[]> _documents = [];
    private readonly List<long> _positions = [];
    private long _bytes;

    public void Delete(string id) => _deleted.Add(id);

    public void Upsert(string id, byte[] document, long position)
    {
        if (_bytes + document.Length > MostBytes)
            FlushUpserts();
        _ids.Add(id);
        _documents.Add(document);
        _positions.Add(position);
        _bytes += document.Length;
    }

    public void Flush()
    {
        FlushUpserts();
        if (_deleted.Count == 0)
            return;

        transaction.CurrentItem = -1;
        transaction.Execute(new NpgsqlBatchCommand(table.Delete) { Parameters = { TextArray(_deleted) } });
    }

    private void FlushUpserts()
    {
        if (_ids.Count == 0)
            return;

        // Which document the server refuses it does not say; the worker then tries one event at a time.
        transaction.CurrentItem = -1;
        transaction.Execute(new NpgsqlBatchCommand(table.Upsert)
        {
            Parameters =
            {
                TextArray(_ids),
                new NpgsqlParameter<byte[][]> { TypedValue = _documents.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb },
                new NpgsqlParameter<long[]> { TypedValue = _positions.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
            },
        });
        _ids.Clear();
        _documents.Clear();
        _positions.Clear();
        _bytes = 0;
    }

    private static NpgsqlParameter<string[]> TextArray(List<string> values) =>
        new() { TypedValue = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
