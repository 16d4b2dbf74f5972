using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;
using Pup.Client.Connections;

namespace Pup.Grains.Feed;

/// <summary>
/// The one session that looks at the log. While it lives it holds a random key exclusively, and its generation lives.
/// Never two looks at a time.
/// </summary>
internal sealed class LookSession : IAsyncDisposable
{
    private static readonly TimeSpan LookTimeout = TimeSpan.FromSeconds(10);

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlBatch _look;
    private readonly TimeProvider _time;
    private readonly NpgsqlParameter<uint> _sequence = new() { NpgsqlDbType = NpgsqlDbType.Oid };
    private LookChecks? _first;

    private LookSession(NpgsqlDataSource source, NpgsqlConnection connection, long key, TimeProvider time)
    {
        _source = source;
        _connection = connection;
        _time = time;
        Key = key;
        _look = new NpgsqlBatch(connection) { Timeout = (int)LookTimeout.TotalSeconds };
        foreach (var step in Steps)
            _look.BatchCommands.Add(new NpgsqlBatchCommand(step));
        _look.BatchCommands[Array.IndexOf(Steps, SequenceSql)].Parameters.Add(_sequence);
    }

    // The order is the safety: a position below what is visible was taken before that was read, so a writer that has
    // not decided it yet still holds its lock when the writers are asked for. Every other order was tried, and lost events.
    internal static readonly string[] Steps = [ChecksSql, VisibleSql, SequenceSql, WritersSql];

    /// <summary>The key this session holds; a statement that cannot see it held is not of this generation.</summary>
    public long Key { get; }

    /// <summary>Connects and takes a new key.</summary>
    public static async Task<LookSession> OpenAsync(PupOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var source = PupConnectionString.CreateDataSource(PupConnectionString.DedicatedSession(options));
        NpgsqlConnection? connection = null;
        try
        {
            connection = await source.OpenConnectionAsync(cancellationToken);
            return new LookSession(source, connection, await TakeKeyAsync(connection, cancellationToken), time);
        }
        catch
        {
            if (connection is not null)
                await connection.DisposeAsync();
            await source.DisposeAsync();
            throw;
        }
    }

    // A look that queues behind DDL gives up soon and says so, instead of taking its session for dead.
    // Its own transactions are over at once, but the session must outlive any idle time.
    private const string PrepareSessionSql = "set lock_timeout = '2s'";

    private const string KeySql = "select pg_try_advisory_lock($1)";

    private static async Task<long> TakeKeyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using (var prepare = new NpgsqlCommand(PrepareSessionSql, connection))
            await prepare.ExecuteNonQueryAsync(cancellationToken);

        while (true)
        {
            var key = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
            await using var command = new NpgsqlCommand(KeySql, connection) { Parameters = { new NpgsqlParameter<long> { TypedValue = key } } };
            if (await command.ExecuteScalarAsync(cancellationToken) is true)
                return key;
        }
    }

    internal const string ChecksSql = $"""
        select pg_is_in_recovery(), current_setting('transaction_isolation'), pg_backend_pid(),
               e.oid::bigint, coalesce(has_table_privilege(e.oid, 'select'), false),
               s.seqrelid, s.seqrelid::regclass::text, s.seqcache, s.seqincrement, s.seqcycle,
               coalesce(has_sequence_privilege(s.seqrelid, 'usage, select'), false),
               pg_relation_filenode(s.seqrelid)::bigint
        from (select to_regclass('events')::oid as oid) e
        left join pg_attribute a on a.attrelid = e.oid and a.attname = 'global_position'
        left join lateral ({LogSql.SequenceOfColumn}) s on true
        """;

    internal const string VisibleSql = "select coalesce(max(global_position), 0) from events";

    // pg_sequence_last_value locks the sequence's page; a plain select of last_value is a dirty read. The sequence is the
    // one the checks of this very look have found, else they would have thrown.
    internal const string SequenceSql = "select coalesce(pg_sequence_last_value(oid), 0) from pg_class where oid = $1";

    internal const string WritersSql = LogSql.Writers;

    /// <summary>One look: all steps in one round trip, each a statement with a snapshot of its own.</summary>
    public async Task<LookReading> LookAsync(CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        LookReading reading;
        try
        {
            if (_first is null)
            {
                // Alone first: the other steps cannot even be parsed without a table.
                var checks = await ChecksAsync(cancellationToken);
                checks.Demand(null);
                _sequence.TypedValue = checks.SequenceId;
            }

            reading = await ReadLookAsync(started, cancellationToken);
        }
        catch (PostgresException e) when (LookFailure.Explain(e) is { } explanation)
        {
            throw new IncompleteLookException(explanation);
        }

        if (reading.SequenceValue < reading.Visible)
            throw new IncompleteLookException(
                $"Position {reading.Visible} is visible, but sequence {reading.Checks.Sequence} has only given out {reading.SequenceValue}: positions were written as values. " +
                $"Stop such writers and run `select setval('{reading.Checks.Sequence}', (select max(global_position) from events))`.");
        if (_first is null)
        {
            _first = reading.Checks;
            await _look.PrepareAsync(cancellationToken);
        }

        return reading;
    }

    private async Task<LookChecks> ChecksAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ChecksSql, _connection) { CommandTimeout = (int)LookTimeout.TotalSeconds };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return ReadChecks(reader);
    }

    private async Task<LookReading> ReadLookAsync(long started, CancellationToken cancellationToken)
    {
        await using var reader = await _look.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var checks = ReadChecks(reader);
        checks.Demand(_first);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var visible = reader.GetInt64(0);
        await reader.NextResultAsync(cancellationToken);
        var sequence = await reader.ReadAsync(cancellationToken) ? reader.GetInt64(0) : 0;
        await reader.NextResultAsync(cancellationToken);
        var writers = new List<LogWriter>();
        while (await reader.ReadAsync(cancellationToken))
            writers.Add(new LogWriter(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetInt32(1)));
        return new LookReading(checks, visible, sequence, writers, _time.GetElapsedTime(started));
    }

    internal static LookChecks ReadChecks(NpgsqlDataReader reader)
    {
        var hasSequence = !reader.IsDBNull(6);
        return new LookChecks(
            reader.GetBoolean(0),
            reader.GetString(1),
            reader.GetInt32(2),
            reader.IsDBNull(3) ? null : reader.GetInt64(3),
            reader.GetBoolean(4),
            hasSequence ? reader.GetFieldValue<uint>(5) : 0,
            hasSequence ? reader.GetString(6) : null,
            hasSequence ? reader.GetInt64(7) : 0,
            hasSequence ? reader.GetInt64(8) : 0,
            hasSequence && reader.GetBoolean(9),
            reader.GetBoolean(10),
            reader.IsDBNull(11) ? null : reader.GetInt64(11));
    }

    /// <summary>What the database remembers of the log. To be read before the first look.</summary>
    public Task<PersistedLog> ReadPersistedAsync(CancellationToken cancellationToken) =>
        MarkStore.ReadAsync(_connection, cancellationToken);

    /// <summary>Who the holders are: asked only now and then, since it costs more than a look.</summary>
    public Task<IReadOnlyList<MarkHolder>> DescribeAsync(IReadOnlyList<MarkHolder> holders, CancellationToken cancellationToken) =>
        MarkHolders.DescribeAsync(_connection, holders, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _look.DisposeAsync();
        await _connection.DisposeAsync();
        await _source.DisposeAsync();
    }
}
