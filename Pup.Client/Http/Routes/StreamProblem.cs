namespace Pup.Client.Http.Routes;

/// <summary>What went wrong in the middle of a stream.</summary>
internal sealed record StreamProblem(string? Detail);
