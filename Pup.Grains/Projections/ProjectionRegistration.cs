namespace Pup.Grains.Projections;

/// <summary>What <c>AddProjection</c> noted; settings are resolved when the silo starts.</summary>
internal sealed record ProjectionRegistration(Type Type, Action<ProjectionOptions>? Configure);
