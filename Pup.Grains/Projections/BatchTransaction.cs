using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Partitions;
using Pup.Grains.Telemetry;

namespace Pup.Grains.Projections;

/// <summary>
/// One batch's transaction: the fence first, then what the handler queued, then the engine's own bookkeeping, then the move of
/// the checkpoint, then COMMIT. Nothing is sent before it must be, so a batch of queued statements takes one round trip: the server
/// runs nothing behind a command that failed, so COMMIT is reached only when all before it held.
/// </summary>
/// <param name="session">What it runs on.</param>
/// <param name="fence">What must hold of the checkpoint.</param>
/// <param name="idleTimeout">How long a live handler may think.</param>
/// <param name="statementTimeout">How long one statement may take.</param>
/// <param name="pool">Commands to use again.</param>
internal sealed class BatchTransaction(BatchSession session, CheckpointFence fence, TimeSpan idleTimeout, TimeSpan statementTimeout, StatementPool pool)
    : ProjectionTransaction, IAsyncDisposable
{
    // A live handler may think longer between two statements than a silo's transaction is otherwise allowed to stand idle.
    private const string IdleTimeoutSql = "select set_config('idle_in_transaction_session_timeout', $1, true)";

    private readonly List<QueuedCommand> _queued = [];
    private readonly List<QueuedCommand> _sent = [];
    private NpgsqlBatchCommand? _fenceCommand;
    private NpgsqlBatchCommand? _moveCommand;
    private bool _isLive;

    internal override int CurrentItem { get; set; } = -1;

    public override void Execute(string sql, params ReadOnlySpan<object?> args)
    {
        ThrowIfOver();
        var own = HasOwnParameters(args);
        if (own || !pool.TryRent(sql, args, out var command))
        {
            StatementGuard.Check(sql);
            command = StatementCommand.Of(sql, args);
        }

        _queued.Add(new QueuedCommand(command, CurrentItem, !own));
    }

    internal override void Execute(NpgsqlBatchCommand command)
    {
        ThrowIfOver();
        _queued.Add(new QueuedCommand(command, CurrentItem, false));
    }

    public override async ValueTask<NpgsqlTransaction> OpenAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfOver();
        _isLive = true;
        if (session.Transaction is null)
            await BeginLiveAsync(cancellationToken);
        else if (_queued.Count > 0)
            await SendAsync([], cancellationToken);
        return session.Transaction!;
    }

    internal override async ValueTask<NpgsqlDataReader> QueryAsync(NpgsqlBatchCommand query, CancellationToken cancellationToken)
    {
        ThrowIfOver();
        await session.BeginAsync(cancellationToken);
        // How many results queued statements have is not known, so they go ahead in a batch of their own.
        if (_queued.Count > 0)
            await SendAsync([], cancellationToken);

        var withFence = _fenceCommand is null;
        await using var batch = Assemble([query]);
        try
        {
            var reader = await batch.ExecuteReaderAsync(cancellationToken);
            if (withFence)
                await reader.NextResultAsync(cancellationToken);
            IsFenced = true;
            return reader;
        }
        catch (PostgresException exception)
        {
            throw Attribute(exception);
        }
    }

    /// <summary>Sends what is left, moves the checkpoint to <paramref name="position"/> and commits.</summary>
    public async ValueTask CommitAsync(IEnumerable<NpgsqlBatchCommand> bookkeeping, long position, CancellationToken cancellationToken)
    {
        CurrentItem = -1;
        if (session.WasEnded)
            throw new TransactionEndedException();

        await session.BeginAsync(cancellationToken);
        _moveCommand = fence.MoveTo(position);
        var commit = new NpgsqlBatchCommand("COMMIT");
        await using var batch = Assemble([.. bookkeeping, _moveCommand, commit]);
        using var span = BatchSpans.Commit(batch.BatchCommands.Count);
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (session.IsConnected && exception.BatchCommand is { } command && !ReferenceEquals(command, commit))
        {
            throw Attribute(exception);
        }
        catch (Exception exception) when (exception is PostgresException || (exception is not OperationCanceledException && !session.IsConnected))
        {
            // Refused, or sent and without an answer; or the session was ended, and that may have been after COMMIT. Only while the
            // line stands has the server said that something before COMMIT failed.
            throw new CommitUnknownException(exception);
        }

        foreach (var sent in _sent)
        {
            if (sent.IsPooled)
                pool.Return(sent.Command);
        }
    }

    /// <summary>
    /// Gives what it runs on to the batch that comes next. Not after a live handler, which may have left settings behind that only the
    /// pool takes back.
    /// </summary>
    public void HandOver(BatchTransaction next)
    {
        if (!_isLive)
            session.HandOver(next.Session);
    }

    /// <summary>What it runs on.</summary>
    public BatchSession Session => session;

    /// <summary>Whether there is a connection: what fails before that has nothing to do with any statement.</summary>
    public bool IsOpen => session.Transaction is not null;

    /// <summary>Whether the server has said that the fence holds: what takes too long from then on is not the fence.</summary>
    public bool IsFenced { get; private set; }

    /// <summary>Whether the handler committed, rolled back or disposed the live transaction itself.</summary>
    public bool EndedByHandler => session.WasEnded;

    public ValueTask DisposeAsync() => session.DisposeAsync();

    // A parameter that the handler made itself stays the handler's.
    private static bool HasOwnParameters(ReadOnlySpan<object?> args)
    {
        foreach (var arg in args)
        {
            if (arg is NpgsqlParameter)
                return true;
        }

        return false;
    }

    private void ThrowIfOver()
    {
        if (session.IsOver)
            throw new InvalidOperationException("This batch is over: its transaction was committed or given up. Do not keep a ProjectionTransaction beyond the handler's call.");
    }

    /// <inheritdoc cref="BatchSession.BeginAsync"/>
    public ValueTask BeginAsync(CancellationToken cancellationToken) => session.BeginAsync(cancellationToken);

    private async ValueTask BeginLiveAsync(CancellationToken cancellationToken)
    {
        await session.BeginAsync(cancellationToken);
        var milliseconds = ((long)idleTimeout.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        await SendAsync([new NpgsqlBatchCommand(IdleTimeoutSql) { Parameters = { new() { Value = milliseconds } } }], cancellationToken);
    }

    private async ValueTask SendAsync(NpgsqlBatchCommand[] last, CancellationToken cancellationToken)
    {
        await using var batch = Assemble(last);
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
            IsFenced = true;
        }
        catch (PostgresException exception)
        {
            throw Attribute(exception);
        }
    }

    private NpgsqlBatch Assemble(NpgsqlBatchCommand[] last)
    {
        var batch = new NpgsqlBatch(session.Connection, session.Transaction) { Timeout = (int)Math.Ceiling(statementTimeout.TotalSeconds) };
        if (_fenceCommand is null)
            batch.BatchCommands.Add(_fenceCommand = fence.Lock());
        foreach (var queued in _queued)
            batch.BatchCommands.Add(queued.Command);
        foreach (var command in last)
            batch.BatchCommands.Add(command);
        _sent.AddRange(_queued);
        _queued.Clear();
        return batch;
    }

    // What an error means depends on which command raised it.
    private Exception Attribute(PostgresException exception)
    {
        if (exception.SqlState == PostgresErrorCodes.DivisionByZero && exception.BatchCommand is { } command)
        {
            if (ReferenceEquals(command, _fenceCommand))
                return new FenceLostException(fence);
            if (ReferenceEquals(command, _moveCommand))
                return new TransactionEndedException();
        }

        var item = _sent.FindIndex(sent => ReferenceEquals(sent.Command, exception.BatchCommand));
        return item < 0 ? exception : new QueuedStatementException(_sent[item].Item, exception);
    }

    private readonly record struct QueuedCommand(NpgsqlBatchCommand Command, int Item, bool IsPooled);
}
