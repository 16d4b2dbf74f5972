using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Pup.Grains.Projections;

/// <summary>
/// Commands of one partition that committed and can carry the next values: handlers queue the same few statements for ever, and
/// the parameters of a pooled command know their types already. Not for several threads.
/// </summary>
internal sealed class StatementPool
{
    private const int MaxStatements = 64;
    private const int MaxCommands = 2_000;

    private readonly Dictionary<string, Stack<NpgsqlBatchCommand>> _free = new(StringComparer.Ordinal);
    private string? _lastSql;
    private Stack<NpgsqlBatchCommand>? _last;

    /// <summary>A command for a statement that was accepted before, with these values.</summary>
    public bool TryRent(string sql, ReadOnlySpan<object?> args, [NotNullWhen(true)] out NpgsqlBatchCommand? command)
    {
        command = null;
        if (Find(sql) is not { } commands || !commands.TryPop(out command) || command.Parameters.Count != args.Length)
            return false;

        // Forgets on which connection it was prepared: the next one may be another.
        command.CommandText = sql;
        for (var i = 0; i < args.Length; i++)
            command.Parameters[i].Value = args[i] ?? DBNull.Value;
        return true;
    }

    /// <summary>Takes back a command whose transaction has committed; nobody else may still hold it.</summary>
    public void Return(NpgsqlBatchCommand command)
    {
        if (Find(command.CommandText) is not { } commands)
        {
            if (_free.Count == MaxStatements)
                return;
            _free[command.CommandText] = commands = new Stack<NpgsqlBatchCommand>();
        }

        if (commands.Count < MaxCommands)
            commands.Push(command);
    }

    // A statement is a constant, and mostly the one queued last: the reference tells without reading all of it.
    private Stack<NpgsqlBatchCommand>? Find(string sql)
    {
        if (ReferenceEquals(sql, _lastSql))
            return _last;
        if (_free.TryGetValue(sql, out var commands))
            (_lastSql, _last) = (sql, commands);
        return commands;
    }
}
