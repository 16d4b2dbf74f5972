using Npgsql;

namespace Pup.Grains.Projections;

/// <summary>Makes a command of a statement and its positional arguments.</summary>
internal static class StatementCommand
{
    public static NpgsqlBatchCommand Of(string sql, ReadOnlySpan<object?> args)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var arg in args)
            command.Parameters.Add(arg as NpgsqlParameter ?? new NpgsqlParameter { Value = arg ?? DBNull.Value });
        return command;
    }
}
