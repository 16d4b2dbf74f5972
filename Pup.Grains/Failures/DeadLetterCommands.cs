using Npgsql;
using NpgsqlTypes;

namespace Pup.Grains.Failures;

/// <summary>The statements on dead letters that travel inside a batch's transaction, under its fence.</summary>
internal static class DeadLetterCommands
{
    private const int MaxErrorLength = 8_000;

    // An event can be there already only if the checkpoint was moved back by hand; it then keeps its place in the queue.
    private const string InsertSql = """
        insert into projection_dead_letters
            (projection_name, ordering_key, global_position, key_hash, event_id, event_type, status, attempts, error)
        select $1, * from unnest($2::text[], $3::bigint[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::int[], $9::text[])
        on conflict do nothing
        """;

    public static NpgsqlBatchCommand Insert(string projection, IReadOnlyList<DeadLetter> letters) => new(InsertSql)
    {
        Parameters =
        {
            new() { Value = projection, NpgsqlDbType = NpgsqlDbType.Text },
            Column(letters, static letter => letter.Item.Key),
            Column(letters, static letter => letter.Item.Event.GlobalPosition),
            Column(letters, static letter => (long)letter.Item.Hash),
            Column(letters, static letter => letter.Item.Event.EventId),
            Column(letters, static letter => letter.Item.Event.EventType),
            Column(letters, static letter => StatusName(letter.Status)),
            Column(letters, static letter => letter.Attempts),
            Column(letters, static letter => Printable(letter.Error)),
        },
    };

    private const string DeleteSql = """
        delete from projection_dead_letters
        where projection_name = $1 and ordering_key = $2 and global_position = any($3)
        """;

    public static NpgsqlBatchCommand Delete(string projection, string key, IReadOnlyList<long> positions) => new(DeleteSql)
    {
        Parameters =
        {
            new() { Value = projection, NpgsqlDbType = NpgsqlDbType.Text },
            new() { Value = key, NpgsqlDbType = NpgsqlDbType.Text },
            Column(positions, static position => position),
        },
    };

    public static string StatusName(DeadLetterStatus status) => status switch
    {
        DeadLetterStatus.Failed => "failed",
        DeadLetterStatus.Queued => "queued",
        DeadLetterStatus.Skipped => "skipped",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    /// <summary>An error as it can be stored: PostgreSQL's text knows no NUL, and a page of stack is enough.</summary>
    public static string? Printable(string? error)
    {
        var text = error?.Replace('\0', '\uFFFD');
        return text?.Length > MaxErrorLength ? text[..MaxErrorLength] : text;
    }

    private static NpgsqlParameter<TValue[]> Column<TItem, TValue>(IReadOnlyList<TItem> items, Func<TItem, TValue> value)
    {
        var column = new TValue[items.Count];
        for (var i = 0; i < column.Length; i++)
            column[i] = value(items[i]);
        return new NpgsqlParameter<TValue[]> { TypedValue = column };
    }
}
