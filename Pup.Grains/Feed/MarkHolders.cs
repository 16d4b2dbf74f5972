using Npgsql;
using NpgsqlTypes;

namespace Pup.Grains.Feed;

/// <summary>Puts names to the writers that hold the mark back.</summary>
internal static class MarkHolders
{
    // Other roles' transaction start is null without pg_read_all_stats; the application name is not.
    private const string DescribeSql = """
        select h.virtual_transaction, a.application_name, a.xact_start, p.gid, p.prepared
        from unnest($1, $2) h(virtual_transaction, pid)
        left join pg_stat_activity a on a.pid = h.pid
        left join pg_locks l on h.pid is null and l.virtualtransaction = h.virtual_transaction and l.locktype = 'transactionid'
        left join pg_prepared_xacts p on p.transaction = l.transactionid
        """;

    public static async Task<IReadOnlyList<MarkHolder>> DescribeAsync(
        NpgsqlConnection connection, IReadOnlyList<MarkHolder> holders, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(DescribeSql, connection);
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = holders.Select(holder => holder.Writer.VirtualTransaction).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        });
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = holders.Select(holder => holder.Writer.Pid).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer,
        });

        var described = holders.ToDictionary(holder => holder.Writer.VirtualTransaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetString(0);
            described[id] = described[id] with
            {
                Application = reader.IsDBNull(1) ? null : reader.GetString(1),
                Began = reader.IsDBNull(2) ? reader.IsDBNull(4) ? null : reader.GetFieldValue<DateTimeOffset>(4) : reader.GetFieldValue<DateTimeOffset>(2),
                PreparedAs = reader.IsDBNull(3) ? null : reader.GetString(3),
            };
        }

        return [.. holders.Select(holder => described[holder.Writer.VirtualTransaction])];
    }
}
