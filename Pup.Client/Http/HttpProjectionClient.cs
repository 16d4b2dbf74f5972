using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using Pup.Client.Events;
using Pup.Client.Http.Routes;
using Pup.Client.Operations;

namespace Pup.Client.Http;

/// <summary>
/// Projections of another process, over its HTTP routes. The errors are those of the cluster itself; a key that does not suffice is an
/// <see cref="UnauthorizedAccessException"/>.
/// </summary>
public sealed class HttpProjectionClient : IProjectionClient, IDisposable
{
    // The process waits for silos and for locks itself, and then says why not.
    private static readonly TimeSpan _grace = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _longGrace = TimeSpan.FromMinutes(6);
    private readonly HttpAnswers _http;

    /// <param name="address">Where the routes begin, for example <c>http://127.0.0.1:8080/pup</c>.</param>
    /// <param name="key">An API key; null: none.</param>
    public HttpProjectionClient(Uri address, string? key = null)
        // Each request has a limit of its own: some of them wait.
        : this(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, address)
    {
        if (key is not null)
            _http.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <param name="client">Sends the requests, with whatever the host asks of a caller.</param>
    /// <param name="address">Where the routes begin.</param>
    public HttpProjectionClient(HttpClient client, Uri address)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(address);
        _http = new HttpAnswers(client, new Uri(address.AbsoluteUri.TrimEnd('/') + "/projections/"));
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<ProjectionReport>> ListAsync(CancellationToken cancellationToken = default) =>
        _http.GetAsync(".", HttpJson.Default.IReadOnlyListProjectionReport, cancellationToken);

    /// <inheritdoc />
    public Task<ProjectionReport> GetAsync(string projection, CancellationToken cancellationToken = default) =>
        _http.GetAsync(Path(projection), HttpJson.Default.ProjectionReport, cancellationToken);

    /// <inheritdoc />
    public async IAsyncEnumerable<RebuildProgress> RebuildAsync(string projection, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var progress = await _http.SendAsync(HttpMethod.Post, Path(projection, "rebuild"), null, HttpJson.Default.RebuildProgress, _longGrace, cancellationToken);
        yield return progress;
        await foreach (var item in _http.FollowAsync(Path(projection, "rebuild/events"), HttpJson.Default.RebuildProgress, Problems.NoRebuild, cancellationToken))
            yield return progress = item;
        if (progress.IsDone)
            yield break;

        // It was over before anybody could watch it.
        if (await GetAsync(projection, cancellationToken) is { Condition: ProjectionCondition.NeedsRebuild })
            throw new ProjectionRefusedException($"The rebuild of '{projection}' was given up; it needs another one.");
        yield return progress with { Applied = progress.Total, Remaining = TimeSpan.Zero, IsDone = true };
    }

    /// <inheritdoc />
    public Task CancelRebuildAsync(string projection, CancellationToken cancellationToken = default) =>
        _http.SendAsync(HttpMethod.Delete, Path(projection, "rebuild"), null, _grace, cancellationToken);

    /// <inheritdoc />
    public Task PauseAsync(string projection, CancellationToken cancellationToken = default) => ChangeAsync(projection, "pause", cancellationToken);

    /// <inheritdoc />
    public Task ResumeAsync(string projection, CancellationToken cancellationToken = default) => ChangeAsync(projection, "resume", cancellationToken);

    /// <inheritdoc />
    public Task RestartAsync(string projection, CancellationToken cancellationToken = default) => ChangeAsync(projection, "restart", cancellationToken);

    /// <inheritdoc />
    public Task RepartitionAsync(string projection, int partitions, CancellationToken cancellationToken = default) => _http.SendAsync(
        HttpMethod.Put, Path(projection, "partitions"), Json(new RepartitionRequest { Partitions = partitions }, HttpJson.Default.RepartitionRequest), _longGrace, cancellationToken);

    /// <inheritdoc />
    public IAsyncEnumerable<ProjectionReport> CatchUpAsync(string projection, CancellationToken cancellationToken = default) =>
        _http.FollowAsync(Path(projection, "catch-up"), HttpJson.Default.ProjectionReport, null, cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<DeadLetterSummary>> ListDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var query = string.Create(CultureInfo.InvariantCulture, $"dead-letters?limit={filter.Limit}");
        query += filter.After is { } after ? string.Create(CultureInfo.InvariantCulture, $"&after={after}") : "";
        query += filter.OrderingKey is { } key ? $"&key={Uri.EscapeDataString(key)}" : "";
        query += filter.Error is { } error ? $"&error={Uri.EscapeDataString(error)}" : "";
        return _http.GetAsync(Path(projection, query), HttpJson.Default.IReadOnlyListDeadLetterSummary, cancellationToken);
    }

    /// <inheritdoc />
    public Task<DeadLetterDetails?> FindDeadLetterAsync(string projection, long id, CancellationToken cancellationToken = default) => _http.FindAsync(
        Path(projection, string.Create(CultureInfo.InvariantCulture, $"dead-letters/{id}")), HttpJson.Default.DeadLetterDetails, Problems.NoDeadLetter, cancellationToken);

    /// <inheritdoc />
    public Task<long> RetryDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default) =>
        SelectAsync(projection, "dead-letters/retry", filter, cancellationToken);

    /// <inheritdoc />
    public Task<long> DiscardDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default) =>
        SelectAsync(projection, "dead-letters/discard", filter, cancellationToken);

    /// <inheritdoc />
    public Task<WaitResult> WaitForAsync(string projection, AppendResult appended, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(appended);
        var wait = new WaitRequest { Positions = appended.Positions, FirstVersion = appended.FirstVersion, LastVersion = appended.LastVersion, Timeout = timeout };
        return _http.SendAsync(
            HttpMethod.Post, Path(projection, "wait"), Json(wait, HttpJson.Default.WaitRequest), HttpJson.Default.WaitResult, timeout + _grace, cancellationToken);
    }

    /// <summary>Asks a route beside those of projections, which not every host has.</summary>
    /// <exception cref="HttpRequestException">With 404: this host has not.</exception>
    internal Task<T> AskAsync<T>(string route, JsonTypeInfo<T> type, TimeSpan patience, CancellationToken cancellationToken) =>
        _http.SendAsync(HttpMethod.Get, "../" + route, null, type, patience, cancellationToken);

    /// <inheritdoc />
    public void Dispose() => _http.Client.Dispose();

    private static string Path(string projection, string rest = "") => $"{Uri.EscapeDataString(projection)}{(rest.Length == 0 ? "" : "/")}{rest}";

    private static JsonContent Json<T>(T value, JsonTypeInfo<T> type) => JsonContent.Create(value, type);

    private Task ChangeAsync(string projection, string what, CancellationToken cancellationToken) =>
        _http.SendAsync(HttpMethod.Post, Path(projection, what), null, _grace, cancellationToken);

    private async Task<long> SelectAsync(string projection, string path, DeadLetterFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var body = Json(DeadLetterSelection.Of(filter), HttpJson.Default.DeadLetterSelection);
        return (await _http.SendAsync(HttpMethod.Post, Path(projection, path), body, HttpJson.Default.SelectedCount, _grace, cancellationToken)).Count;
    }
}
