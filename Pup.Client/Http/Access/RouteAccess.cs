namespace Pup.Client.Http.Access;

/// <summary>Marks a route with what its caller must be allowed to do. A route without a mark asks for most.</summary>
internal sealed record RouteAccess(string Policy)
{
    public static readonly RouteAccess Read = new(PupPolicies.Read);

    public static readonly RouteAccess Operate = new(PupPolicies.Operate);
}
