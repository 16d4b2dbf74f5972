using Npgsql;

namespace Pup.Grains.Projections;

/// <summary>
/// Commands of one partition that committed and can carry the next values: handlers queue the same few statements for ever, and
/// the parameters of a pooled command know their types already.
/// </summary>
internal sealed class StatementPool
{
    private const int MaxStatements = 64;
    private const int MaxCommands = 2_000;

    private readonly Dictionary<string, Stack<NpgsqlBatchCommand>> _free = new(StringComparer.Ordinal);

    public NpgsqlBatchCommand Rent(string sql, ReadOnlySpan<object?> args)
    {
        if (!_free.TryGetValue(sql, out var commands) || !commands.TryPop(out var command) || command.Parameters.Count != args.Length)
            return StatementCommand.Of(sql, args);

        // Forgets on which connection it was prepared: the next one may be another.
        command.CommandText = sql;
        for (var i = 0; i < args.Length; i++)
            command.Parameters[i].Value = args[i] ?? DBNull.Value;
        return command;
    }

    /// <summary>Takes back a command whose transaction has committed; nobody else may still hold it.</summary>
    public void Return(NpgsqlBatchCommand command)
    {
        if (!_free.TryGetValue(command.CommandText, out var commands))
        {
            if (_free.Count == MaxStatements)
                return;
            _free[command.CommandText] = commands = new Stack<NpgsqlBatchCommand>();
        }

        if (commands.Count < MaxCommands)
            commands.Push(command);
    }
}
