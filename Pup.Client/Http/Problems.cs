using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;
using Pup.Client.Operations;

namespace Pup.Client.Http;

/// <summary>What failed, as problem details (RFC 9457). Never names a host, a user or a password of the database.</summary>
internal static partial class Problems
{
    public const string NoProjection = "urn:pup:no-projection";
    public const string NoDeadLetter = "urn:pup:no-dead-letter";
    public const string NoRebuild = "urn:pup:no-rebuild";
    public const string Refused = "urn:pup:refused";
    private const string Malformed = "urn:pup:malformed";
    private const string Unavailable = "urn:pup:unavailable";

    public static ProblemHttpResult Unauthorized { get; } = TypedResults.Problem(
        "An API key is needed, as `Authorization: Bearer …` or `X-Api-Key: …`.", statusCode: StatusCodes.Status401Unauthorized);

    public static ProblemHttpResult NotJson { get; } = TypedResults.Problem(
        "A change needs the header `Content-Type: application/json`, also where there is no body.", statusCode: StatusCodes.Status415UnsupportedMediaType);

    public static ProblemHttpResult Unexpected { get; } = TypedResults.Problem(
        "Something failed that should not; the log of the process says what.", statusCode: StatusCodes.Status500InternalServerError);

    public static ProblemHttpResult Forbidden(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status403Forbidden);

    public static ProblemHttpResult Missing(string type, string detail) =>
        TypedResults.Problem(detail, statusCode: StatusCodes.Status404NotFound, title: "Not found", type: type);

    public static ProblemHttpResult Bare(int status) => status == StatusCodes.Status400BadRequest
        ? TypedResults.Problem("A parameter is not what this route takes.", statusCode: status, title: "Malformed", type: Malformed)
        : TypedResults.Problem(statusCode: status);

    /// <summary>A name that no projection can have is answered without asking the database, which would refuse some of them.</summary>
    public static ProblemHttpResult? ImpossibleName(HttpContext context) =>
        context.GetRouteValue("name") is string name && !PossibleName().IsMatch(name) ? Of(new ProjectionNotFoundException(name), default) : null;

    /// <param name="exception">What was thrown.</param>
    /// <param name="aborted">Whether whoever asked, or this process, has given up.</param>
    /// <returns>Null for what nobody foresaw.</returns>
    public static ProblemHttpResult? Of(Exception exception, CancellationToken aborted) => exception switch
    {
        ProjectionNotFoundException e => Missing(NoProjection, e.Message),
        ProjectionRefusedException e => TypedResults.Problem(e.Message, statusCode: StatusCodes.Status409Conflict, title: "Refused", type: Refused),
        MalformedRequestException e => TypedResults.Problem(e.Message, statusCode: StatusCodes.Status400BadRequest, title: "Malformed", type: Malformed),
        BadHttpRequestException e => Bare(e.StatusCode),
        ClusterUnavailableException e => NotNow(e.Message),
        PostgresException e => NotNow($"The database refuses ({e.SqlState})."),
        NpgsqlException or TimeoutException => NotNow("The database cannot be reached."),
        OperationCanceledException when aborted.IsCancellationRequested => NotNow("This process is stopping."),
        _ => null,
    };

    private static ProblemHttpResult NotNow(string detail) =>
        TypedResults.Problem(detail, statusCode: StatusCodes.Status503ServiceUnavailable, title: "Unavailable", type: Unavailable);

    [GeneratedRegex(@"\A[A-Za-z0-9_.\-]{1,100}\z")]
    private static partial Regex PossibleName();
}
