using Npgsql;
using Pup.Client.Events;
using Pup.Client.Operations;
using Pup.Grains.Projections;

namespace Pup.Grains.Testing;

/// <summary>
/// Tests projections on the engine itself, against a real PostgreSQL and without a cluster: given events, when the projection runs,
/// then rows. Works in a database of its own, which it makes on the server that it is given and drops at its end. Not for several threads.
/// </summary>
public sealed class ProjectionTestKit : IAsyncDisposable
{
    /// <summary>The environment variable that names the server when nothing else does: a postgres:// URL, or a connection string as Npgsql has it.</summary>
    public const string ServerVariable = "PUP_TEST_DATABASE";

    private readonly OwnDatabase _database;
    private readonly KitEngine _engine;
    private readonly GivenEvents _given;
    private bool _isDisposed;

    private ProjectionTestKit(OwnDatabase database, EventTypeRegistry? eventTypes)
    {
        _database = database;
        _engine = new KitEngine(database.ConnectionString);
        _given = new GivenEvents(database.DataSource, eventTypes);
    }

    /// <summary>Connections to the kit's database: for tables of the application's own, for Dapper, for a <see cref="DocumentReader{TDocument}"/>.</summary>
    public NpgsqlDataSource DataSource => _database.DataSource;

    /// <summary>Longest time that one run of a projection may take. Default: 1 min.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Makes the database and starts the engine.</summary>
    /// <param name="connectionString">
    /// A database on the server to use, which is left as it is; its role must be allowed to create databases. Default: what <see cref="ServerVariable"/> says.
    /// </param>
    /// <param name="eventTypes">How typed events are written. Without it only <see cref="Event"/>s can be given.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidOperationException">There is no server to work with; the message says why.</exception>
    public static async Task<ProjectionTestKit> StartAsync(
        string? connectionString = null, EventTypeRegistry? eventTypes = null, CancellationToken cancellationToken = default) =>
        new(await OwnDatabase.CreateAsync(connectionString ?? ServerOfEnvironment(), cancellationToken), eventTypes);

    /// <summary>
    /// Adds events to the log, behind all that were given before; the aggregate's versions go on by themselves. They are appended when
    /// the projection runs next.
    /// </summary>
    /// <param name="boundedContext">Bounded context of the aggregate.</param>
    /// <param name="aggregateType">Type of the aggregate.</param>
    /// <param name="aggregateId">Identity of the aggregate.</param>
    /// <param name="events">Each either an <see cref="Event"/>, taken as it is, or an object that the kit's <see cref="EventTypeRegistry"/> can write.</param>
    /// <exception cref="ArgumentException">There is no event, or one that the registry does not know.</exception>
    public ProjectionTestKit Given(string boundedContext, string aggregateType, string aggregateId, params object[] events)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _given.Add(boundedContext, aggregateType, aggregateId, events);
        return this;
    }

    /// <inheritdoc cref="RunAsync(Func{IProjection}, int, CancellationToken)"/>
    public Task RunAsync<TProjection>(CancellationToken cancellationToken = default)
        where TProjection : IProjection, new() => RunAsync(static () => new TProjection(), cancellationToken: cancellationToken);

    /// <summary>
    /// Runs the projection until it has applied all events that were given. Called again, perhaps with more events, it goes on where it
    /// stopped, as after a restart.
    /// </summary>
    /// <param name="create">Makes an instance; each partition gets one of its own.</param>
    /// <param name="partitions">How many partitions.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ProjectionTestException">The handler failed, or did not get there in time.</exception>
    public async Task RunAsync(Func<IProjection> create, int partitions = 1, CancellationToken cancellationToken = default)
    {
        var run = await PrepareAsync(create, cancellationToken);
        await run.RunAsync(new BatchCuts(partitions), cancellationToken);
    }

    /// <inheritdoc cref="VerifyRebuildAsync(Func{IProjection}, ReadModelChecks, CancellationToken)"/>
    /// <param name="tables">The tables to compare; none means all but Pup's own.</param>
    public Task VerifyRebuildAsync<TProjection>(params string[] tables)
        where TProjection : IProjection, new() => VerifyRebuildAsync(static () => new TProjection(), new ReadModelChecks { Tables = tables });

    /// <summary>Applies all events, rebuilds the projection as an operator would, and compares all rows of the read model before and after.</summary>
    /// <param name="create">Makes an instance.</param>
    /// <param name="checks">What is compared. Default: all tables but Pup's own, all columns.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ProjectionTestException">A row differs, or the handler failed.</exception>
    /// <exception cref="ProjectionRefusedException">The projection cannot be rebuilt.</exception>
    public async Task VerifyRebuildAsync(Func<IProjection> create, ReadModelChecks? checks = null, CancellationToken cancellationToken = default)
    {
        var run = await PrepareAsync(create, cancellationToken);
        await new RebuildVerification(run, ReadModel(checks)).RunAsync(cancellationToken);
    }

    /// <inheritdoc cref="VerifyBatchingAsync(Func{IProjection}, ReadModelChecks, CancellationToken)"/>
    /// <param name="tables">The tables to compare; none means all but Pup's own.</param>
    public Task VerifyBatchingAsync<TProjection>(params string[] tables)
        where TProjection : IProjection, new() => VerifyBatchingAsync(static () => new TProjection(), new ReadModelChecks { Tables = tables });

    /// <summary>
    /// Applies all events at once, then from the start one by one, in random batches, and with several partitions, and compares all rows
    /// of the read model. How the log is cut into batches depends on the moment, so no read model may depend on it.
    /// </summary>
    /// <param name="create">Makes an instance.</param>
    /// <param name="checks">What is compared, and with which batches. Default: all tables but Pup's own, and a seed of the moment.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ProjectionTestException">A row differs, or the handler failed; the message shows the seed and the cuts.</exception>
    /// <exception cref="ProjectionRefusedException">The projection cannot be rebuilt.</exception>
    /// <exception cref="InvalidOperationException">There are too few events to cut.</exception>
    public async Task VerifyBatchingAsync(Func<IProjection> create, ReadModelChecks? checks = null, CancellationToken cancellationToken = default)
    {
        var run = await PrepareAsync(create, cancellationToken);
        await new BatchingVerification(run, ReadModel(checks), checks ?? new ReadModelChecks()).RunAsync(cancellationToken);
    }

    /// <summary>Runs a statement with positional parameters (<c>$1</c>, <c>$2</c>, …), for example to make a table that the application makes otherwise.</summary>
    public async Task ExecuteAsync(string sql, params object?[] args)
    {
        await using var command = DataSource.CreateCommand(sql);
        Add(command, args);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>
    /// The rows of a query, columns by their order: a single column as <typeparamref name="T"/> itself, several as a tuple or a record with as
    /// many parameters.
    /// </summary>
    /// <exception cref="InvalidOperationException">A row does not fit <typeparamref name="T"/>; the message says which column.</exception>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, params object?[] args)
    {
        await using var command = DataSource.CreateCommand(sql);
        Add(command, args);
        await using var reader = await command.ExecuteReaderAsync();
        var shape = RowShape.Of(typeof(T), reader);
        var rows = new List<T>();
        while (await reader.ReadAsync())
            rows.Add((T)shape.Read(reader)!);
        return rows;
    }

    /// <summary>Stops the engine and drops the database.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await _engine.DisposeAsync();
        await _database.DisposeAsync();
    }

    private static void Add(NpgsqlCommand command, object?[] args)
    {
        foreach (var arg in args)
            command.Parameters.Add(arg as NpgsqlParameter ?? new NpgsqlParameter { Value = arg ?? DBNull.Value });
    }

    private static string ServerOfEnvironment() => Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } server
        ? server
        : throw new InvalidOperationException(
            $"There is no server to test on: give StartAsync a connection string, or set {ServerVariable} to one, for example \"Host=localhost;Username=postgres\".");

    private ReadModel ReadModel(ReadModelChecks? checks) => new(DataSource, _database.OwnTables, checks ?? new ReadModelChecks());

    private async Task<KitRun> PrepareAsync(Func<IProjection> create, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(create);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        await _given.AppendAsync(cancellationToken);
        return await _engine.PrepareAsync(create, Patience, cancellationToken);
    }
}
