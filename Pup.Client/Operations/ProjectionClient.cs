using System.Runtime.CompilerServices;
using Pup.Client.Connections;
using Pup.Client.Events;
using Pup.Client.Operations.Cluster;
using Pup.Client.Operations.DeadLetters;
using Pup.Client.Operations.Status;

namespace Pup.Client.Operations;

/// <summary>
/// <see cref="IProjectionClient"/> on the database and the cluster themselves: the database is asked, the projection's grain is told.
/// <see cref="PupClientExtensions.AddPupClient"/> makes one.
/// </summary>
public sealed class ProjectionClient : IProjectionClient
{
    private readonly StatusReader _status;
    private readonly DeadLetterReader _deadLetters;
    private readonly ClusterCalls _cluster;
    private readonly RebuildWatch _rebuilds;
    private readonly CatchUpWatch _catchUps;
    private readonly AppendWaiter _waiter;

    internal ProjectionClient(ClientDatabase database, IClusterAccess cluster, PupClientOptions options, TimeProvider time)
    {
        _status = new StatusReader(database, new MembershipReader(database, cluster.ClusterId, options.SiloTimeout));
        _deadLetters = new DeadLetterReader(database);
        _cluster = new ClusterCalls(cluster, new BegunCommands(database), options, time);
        _rebuilds = new RebuildWatch(_status, time);
        _catchUps = new CatchUpWatch(_status, time);
        _waiter = new AppendWaiter(database, cluster, time);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<ProjectionReport>> ListAsync(CancellationToken cancellationToken = default)
    {
        var (projections, log, cluster) = await _status.ReadAsync(null, patient: false, cancellationToken);
        return [.. projections.Select(projection => ReportBuilder.Build(projection, log, cluster))];
    }

    /// <inheritdoc />
    public async Task<ProjectionReport> GetAsync(string projection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(projection);
        var (projections, log, cluster) = await _status.ReadAsync(projection, patient: false, cancellationToken);
        return projections is [var only] ? ReportBuilder.Build(only, log, cluster) : throw new ProjectionNotFoundException(projection);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<RebuildProgress> RebuildAsync(string projection, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await CommandAsync(projection, static (grain, token) => grain.RebuildAsync(token), cancellationToken);
        await foreach (var progress in _rebuilds.FollowAsync(projection, cancellationToken))
            yield return progress;
    }

    /// <inheritdoc />
    public Task CancelRebuildAsync(string projection, CancellationToken cancellationToken = default) =>
        CommandAsync(projection, static (grain, token) => grain.CancelRebuildAsync(token), cancellationToken);

    /// <inheritdoc />
    public Task PauseAsync(string projection, CancellationToken cancellationToken = default) =>
        CommandAsync(projection, static (grain, token) => grain.PauseAsync(token), cancellationToken);

    /// <inheritdoc />
    public Task ResumeAsync(string projection, CancellationToken cancellationToken = default) =>
        CommandAsync(projection, static (grain, token) => grain.ResumeAsync(token), cancellationToken);

    /// <inheritdoc />
    public Task RestartAsync(string projection, CancellationToken cancellationToken = default) =>
        CommandAsync(projection, static (grain, token) => grain.RestartAsync(token), cancellationToken);

    /// <inheritdoc />
    public Task RepartitionAsync(string projection, int partitions, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(partitions, 10_000);
        return CommandAsync(projection, (grain, token) => grain.RepartitionAsync(partitions, token), cancellationToken);
    }

    /// <inheritdoc />
    public IAsyncEnumerable<ProjectionReport> CatchUpAsync(string projection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(projection);
        return _catchUps.FollowAsync(projection, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<DeadLetterSummary>> ListDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(filter.Limit, 1, nameof(filter));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(filter.Limit, 1_000, nameof(filter));
        await DemandAsync(projection, cancellationToken);
        return await _deadLetters.ListAsync(projection, filter, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<DeadLetterDetails?> FindDeadLetterAsync(string projection, long id, CancellationToken cancellationToken = default)
    {
        await DemandAsync(projection, cancellationToken);
        return await _deadLetters.FindAsync(projection, id, cancellationToken);
    }

    /// <inheritdoc />
    public Task<long> RetryDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return CommandAsync(projection, (grain, token) => grain.RetryDeadLettersAsync(filter, token), cancellationToken);
    }

    /// <inheritdoc />
    public Task<long> DiscardDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return CommandAsync(projection, (grain, token) => grain.DiscardDeadLettersAsync(filter, token), cancellationToken);
    }

    /// <inheritdoc />
    public Task<WaitResult> WaitForAsync(string projection, AppendResult appended, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _waiter.WaitAsync(projection, appended, timeout, cancellationToken);

    private Task<long> CommandAsync(string projection, Func<IProjectionGrain, CancellationToken, Task> command, CancellationToken cancellationToken) =>
        CommandAsync(
            projection,
            async (grain, token) =>
            {
                await command(grain, token);
                return 0L;
            },
            cancellationToken);

    // That a name is wrong is said whether or not a silo is there to say it.
    private async Task<long> CommandAsync(string projection, Func<IProjectionGrain, CancellationToken, Task<long>> command, CancellationToken cancellationToken)
    {
        await DemandAsync(projection, cancellationToken);
        return await _cluster.CommandAsync(projection, command, cancellationToken);
    }

    private async Task DemandAsync(string projection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(projection);
        if (!await _status.ExistsAsync(projection, cancellationToken))
            throw new ProjectionNotFoundException(projection);
    }
}
